"""What is left of a quota and fits no call.

A quota of tokens or of money is as good as used up when the calls that come need more than is left of it: its lanes
must close then, for the work to go elsewhere. How much they need is known from those that were turned away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...routing.limits import Limit
from ...routing.reservation import Denied

#: Calls in a row that found too little left, until the smallest of them tells.
IN_A_ROW = 3


@dataclass(slots=True)
class Misfits:
    """_turned_away: by the quota's key, what calls needed of it since the last one that fitted."""

    _turned_away: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def denied(self, said: Denied) -> None:
        if said.units > 1:
            needed = self._turned_away.setdefault(said.key, [])
            needed.append(said.units)
            del needed[:-IN_A_ROW]

    def granted(self, limits: Iterable[Limit]) -> None:
        if self._turned_away:
            for limit in limits:
                self._turned_away.pop(limit.key, None)

    def least(self) -> Mapping[str, int]:
        """By the key of a quota, how much must be left of it for a call to be worth the attempt."""
        return {key: min(needed) for key, needed in self._turned_away.items() if len(needed) == IN_A_ROW}
