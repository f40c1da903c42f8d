"""The dialects by name."""

from collections.abc import Mapping

from .anthropic.dialect import Anthropic
from .azure.dialect import Azure
from .cohere.dialect import Cohere
from .dialect import Dialect
from .gemini.dialect import Gemini
from .ollama.dialect import Ollama
from .openai.dialect import OpenAICompatible
from .rows import DialectName
from .ruvllm.dialect import Ruvllm

DIALECTS: Mapping[DialectName, Dialect] = {
    "openai": OpenAICompatible(),
    "ollama": Ollama(),
    "anthropic": Anthropic(),
    "gemini": Gemini(),
    "cohere": Cohere(),
    "azure": Azure(),
    "ruvllm": Ruvllm(),
}
