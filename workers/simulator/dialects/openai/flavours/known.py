"""The flavours by name."""

from collections.abc import Mapping

from ....settings import FlavourName
from .azure import Azure
from .cerebras import Cerebras
from .deepseek import DeepSeek
from .flavour import Flavour
from .groq import Groq
from .local import LlamaCpp, LMStudio, LocalAI
from .mistral import Mistral
from .openrouter import OpenRouter
from .quiet import Quiet
from .together import Together
from .vllm import VLLM

FLAVOURS: Mapping[FlavourName, Flavour] = {
    "none": Quiet(),
    "openai": Flavour(),
    "azure": Azure(),
    "groq": Groq(),
    "openrouter": OpenRouter(),
    "together": Together(),
    "mistral": Mistral(),
    "deepseek": DeepSeek(),
    "cerebras": Cerebras(),
    "vllm": VLLM(),
    "lmstudio": LMStudio(),
    "localai": LocalAI(),
    "llamacpp": LlamaCpp(),
}
