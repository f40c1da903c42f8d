"""The dialects, in the order in which a path is offered to them."""

from collections.abc import Sequence

from .anthropic.dialect import Anthropic
from .cohere.dialect import Cohere
from .dialect import Dialect
from .gemini.dialect import Gemini
from .ollama.dialect import Ollama
from .openai.dialect import OpenAI
from .ruvllm.dialect import RuvLLM

DIALECTS: Sequence[Dialect] = (Ollama(), Anthropic(), Gemini(), Cohere(), OpenAI(), RuvLLM())
