"""The model to begin with on a server that has none yet. Pure."""

from .entry import ModelEntry
from .registry import Registry

#: GB that a billion parameters take as servers usually fetch them, quantised to about five bits, and GB beside them.
_GB_A_BILLION, _GB_BESIDE = 0.65, 1.5
#: Of a machine's memory; the rest is for everything else that runs there.
_SHARE = 0.5


def first_model(registry: Registry, type_: str, *, memory_gb: float) -> str | None:
    """The best that the registry knows to be offered there, and that half of the memory holds; None if there is none.

    Of several equally good ones the smallest.
    """
    fitting = [
        (entry.quality or 0.0, -(entry.parameters_b or 0.0), entry.offers[type_].name)
        for entry in registry.entries.values()
        if type_ in entry.offers and not entry.offers[type_].retired and _fits(entry, memory_gb * _SHARE)
    ]
    return max(fitting)[2] if fitting else None


def size_gb(entry: ModelEntry) -> float | None:
    """About what it takes of memory, and to be fetched."""
    return None if entry.parameters_b is None else entry.parameters_b * _GB_A_BILLION + _GB_BESIDE


def _fits(entry: ModelEntry, memory_gb: float) -> bool:
    size = size_gb(entry)
    return size is not None and size <= memory_gb and "chat" in entry.capabilities
