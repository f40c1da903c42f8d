"""The flavours by name."""

from collections.abc import Mapping

from ....settings import FlavourName
from .flavour import Flavour
from .groq import Groq
from .openrouter import OpenRouter
from .quiet import Quiet
from .vllm import VLLM

FLAVOURS: Mapping[FlavourName, Flavour] = {
    "none": Quiet(),
    "openai": Flavour(),
    "groq": Groq(),
    "openrouter": OpenRouter(),
    "vllm": VLLM(),
}
