"""The types of provider that a configuration may name: those whose dialect we speak, and those that are still to come.

A provider of a planned type loads, with its key and its limits, but gets no jobs; so a configuration need not change
when its dialect arrives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..providers.endpoint import Timeouts
from ..providers.rows import ALIASES, ROWS, canonical_type
from .spelling import folded

#: A local server may first load the model, and generates as fast as its machine can.
LOCAL_TIMEOUTS = Timeouts(connect_s=2.0, first_token_s=120.0, idle_s=60.0, total_s=600.0)
HOSTED_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of provider, as far as its configuration goes.

    key_variables: in the order in which they are looked up. local: runs on our machines. spoken: we have its dialect.
    """

    name: str
    base_url: str | None
    key_variables: tuple[str, ...]
    key_required: bool
    local: bool
    spoken: bool = True


_PLANNED = (
    Kind("azure", None, ("AZURE_OPENAI_API_KEY",), True, False, spoken=False),
    Kind("ruvllm", "http://localhost:3000", (), False, True, spoken=False),
)  # fmt: skip

_ALIASES = {
    "azure_openai": "azure",
    "ruvector": "ruvllm",
    "local": "llamacpp",
}

_SPOKEN = (
    Kind(row.name, row.base_url, row.key_variables, row.key_required, row.tier == "local") for row in ROWS.values()
)

#: Kind by type; a dialect that has arrived is no longer planned.
KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in (*_PLANNED, *_SPOKEN)})

#: Hosted types whose account may be on a free plan that covers every model it offers.
FREE_PLANS = frozenset({"groq", "google"})

_BY_FOLDED = {folded(name): name for name in KINDS} | {folded(alias): name for alias, name in _ALIASES.items()}


def kind_of(name: str) -> Kind | None:
    """The type of a name, however it is spelled; None if there is no such type."""
    return KINDS.get(canonical_type(name) or _BY_FOLDED.get(folded(name), ""))


def known_kinds() -> list[str]:
    """All names that a type may have."""
    return sorted({*KINDS, *_ALIASES, *ALIASES})


def is_free_model(kind: str, model: str) -> bool:
    """Whether a model's own name says that it costs nothing."""
    return kind == "openrouter" and model.endswith(":free")
