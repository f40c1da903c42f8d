"""Faults that strike a provider."""

from collections.abc import Mapping
from dataclasses import dataclass

from .faults import Fault, Strike
from .grounds import Provider
from .provider import REPEAT_PATH
from .striker import Way

#: The simulator's fault for each of ours, and the share of requests that it hits.
_SIMULATED: Mapping[Fault, Mapping[str, object]] = {
    Fault.HANG_PROVIDER: {"name": "hang", "rate": 0.3},
    Fault.CUT_PROVIDER: {"name": "cut-mid-line", "rate": 0.5},
    Fault.REFUSE_PROVIDER: {"name": "refuse"},
}


@dataclass(frozen=True, slots=True)
class OnProviders:
    providers: tuple[Provider, ...]

    @property
    def ways(self) -> Mapping[Fault, Way]:
        return {**dict.fromkeys(_SIMULATED, self._switch_on), Fault.REPEAT_PROVIDER: self._repeat}

    async def _switch_on(self, strike: Strike) -> bool:
        fault = {**_SIMULATED[strike.fault], "for": f"{strike.lasts_s}s"}
        await self._victim(strike).tell("/_sim/faults", fault)
        return True

    async def _repeat(self, strike: Strike) -> bool:
        await self._victim(strike).tell(f"{REPEAT_PATH}?for={strike.lasts_s}")
        return True

    def _victim(self, strike: Strike) -> Provider:
        return self.providers[int(strike.where * len(self.providers))]
