"""How people call the types of provider that we have."""

from collections.abc import Mapping
from types import MappingProxyType

from .rows import ROWS

#: Other names of the types, as configurations spell them.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "openai_compat": "openai_compatible",
        "custom": "openai_compatible",
        "together_ai": "together",
        "lm_studio": "lmstudio",
        "local_ai": "localai",
        "llama.cpp": "llamacpp",
        "llama_cpp": "llamacpp",
        "llama_server": "llamacpp",
        "simulator": "simulated",
        "mistral_ai": "mistral",
        "deep_seek": "deepseek",
        "github_models": "github",
        "claude": "anthropic",
        "gemini": "google",
        "google_ai_studio": "google",
        "azure_openai": "azure",
        "ruvector": "ruvllm",
    }
)


def folded(name: str) -> str:
    """Case, blanks and `-`, `_`, `.` make no difference between names."""
    return "".join(letter for letter in name.lower() if letter.isalnum())


_CANONICAL = {folded(name): name for name in ROWS} | {folded(alias): name for alias, name in ALIASES.items()}


def canonical_type(name: str) -> str | None:
    """The row's name for a provider type however it is spelled, None if there is no such row."""
    return _CANONICAL.get(folded(name))
