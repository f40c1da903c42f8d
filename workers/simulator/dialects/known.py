"""The dialects, in the order in which a path is offered to them: exact paths before suffixes."""

from collections.abc import Sequence

from .dialect import Dialect
from .ollama.dialect import Ollama
from .openai.dialect import OpenAI

DIALECTS: Sequence[Dialect] = (Ollama(), OpenAI())
