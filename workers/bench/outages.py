"""Which provider fails when, how, and for how long: a pure value, made from a seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from .breakable import Blow

#: Every way in which providers are struck. `wrong` answers are JSON, but not what was asked for.
BLOWS: Mapping[str, Blow] = {
    "killed": Blow(None),
    "hanging": Blow("hang"),
    "errors": Blow("http-500"),
    "brown-out": Blow("brown-out"),
    "refusals": Blow("rate-limited", amount=2.0),
    "slow": Blow("slow-tokens", amount=15.0),
    "cut": Blow("cut-mid-event"),
    "stalled": Blow("stall-midway"),
    "wrong": Blow("json-wrong-shape"),
}

#: Seconds from one outage of a provider to its next: at least, and on the mean beyond that.
_AT_LEAST_S, _MEAN_S = 4.0, 12.0
#: Seconds that an outage lasts, from and to.
_LASTS_S = (1.0, 10.0)


@dataclass(frozen=True, slots=True)
class Outage:
    """at_s, lasts_s: seconds, from the beginning of the run. what: one of `BLOWS`."""

    provider: str
    what: str
    at_s: float
    lasts_s: float

    @property
    def ends_s(self) -> float:
        return self.at_s + self.lasts_s


def outages(seed: int, seconds: float, providers: Sequence[str]) -> tuple[Outage, ...]:
    """All of a run, in order. Every provider has its own, and at any time one of them has none."""
    found = list[Outage]()
    drawn = [each for name in providers for each in _of_one(Random(f"{seed} {name}"), seconds, name)]  # noqa: S311 - repeatable on purpose
    for outage in sorted(drawn, key=lambda each: each.at_s):
        others = {each.provider for each in found if each.ends_s > outage.at_s}
        if len(others | {outage.provider}) < len(providers):
            found.append(outage)
    return tuple(found)


def _of_one(rng: Random, seconds: float, provider: str) -> list[Outage]:
    found, ways = list[Outage](), list[str]()
    at_s = rng.expovariate(1 / _MEAN_S)
    while at_s < seconds:
        ways = ways or rng.sample(list(BLOWS), len(BLOWS))
        found.append(Outage(provider, ways.pop(), at_s, rng.uniform(*_LASTS_S)))
        at_s = found[-1].ends_s + _AT_LEAST_S + rng.expovariate(1 / _MEAN_S)
    return found
