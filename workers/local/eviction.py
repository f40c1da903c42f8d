"""Which models make room for one that is asked for: the least recently used, and never one with calls under way. Pure.

Who has waited for its turn long enough gets it: a model whose calls never pause would else keep the memory for ever.
And turns are long, for loading takes as long as many answers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

#: Seconds that a model waits while others are in use, until they begin no more calls.
TURN_S = 60.0
_GB = 1e9


@dataclass(frozen=True, slots=True)
class Resident:
    """A model that is in memory. used_at: when a call of it last began or ended. busy: its calls under way."""

    model: str
    size_bytes: int
    used_at: float = 0.0
    busy: int = 0


@dataclass(frozen=True, slots=True)
class Go:
    """The model may be asked, once these are unloaded."""

    unload: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wait:
    """Its calls wait; why, in words."""

    why: str


def room(
    model: str, need_bytes: int, residents: Iterable[Resident], budget_bytes: int, *, waited_s: Mapping[str, float]
) -> Go | Wait:
    """need_bytes: what the model takes, as far as is known. waited_s: by model, of those that found no room."""
    present = {each.model: each for each in residents}
    if model in present:
        others = [name for name, for_s in waited_s.items() if name not in present and for_s >= TURN_S]
        turn = max(others, key=lambda name: waited_s[name], default=None)
        return Go() if turn is None else Wait(f"it is the turn of {turn}, which has waited for {waited_s[turn]:.0f} s")
    if need_bytes > budget_bytes:
        return Wait(f"it takes about {_gb(need_bytes)}, and {_gb(budget_bytes)} are for all models (`memory_gb`)")
    excess = sum(each.size_bytes for each in present.values()) + need_bytes - budget_bytes
    unload = list[str]()
    for each in sorted(present.values(), key=lambda each: each.used_at):
        if excess > 0 and not each.busy:
            unload.append(each.model)
            excess -= each.size_bytes
    if excess <= 0:
        return Go(tuple(unload))
    used = ", ".join(f"{each.model} ({_gb(each.size_bytes)})" for each in present.values() if each.busy)
    return Wait(f"it takes about {_gb(need_bytes)} of {_gb(budget_bytes)}, and {used} is in use")


def _gb(size: int) -> str:
    return f"{size / _GB:.1f} GB"
