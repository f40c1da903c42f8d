"""The dialects by name."""

from collections.abc import Mapping

from .dialect import Dialect
from .ollama.dialect import Ollama
from .openai.dialect import OpenAICompatible
from .rows import DialectName

DIALECTS: Mapping[DialectName, Dialect] = {"openai": OpenAICompatible(), "ollama": Ollama()}
