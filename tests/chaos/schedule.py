"""What strikes when: a pure value, made from a seed. The same seed and size give the same schedule."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from .faults import Fault, Strike

#: How often each fault strikes, for each kill of a worker.
_BESIDE_WORKER_KILLS: Mapping[Fault, float] = {
    Fault.FREEZE_WORKER: 0.1,
    Fault.STOP_WORKER: 0.07,
    Fault.CUT_OFF_WORKER: 0.07,
    Fault.DUPLICATE_MESSAGE: 0.5,
    Fault.REMOVE_MESSAGE: 0.2,
    Fault.CANCEL_JOB: 0.5,
    Fault.HANG_PROVIDER: 0.04,
    Fault.CUT_PROVIDER: 0.04,
    Fault.REFUSE_PROVIDER: 0.04,
    Fault.REPEAT_PROVIDER: 0.04,
}

#: And for each kill of Redis.
_BESIDE_REDIS_KILLS: Mapping[Fault, float] = {
    Fault.FREEZE_REDIS: 0.5,
    Fault.FILL_REDIS: 0.3,
    Fault.DROP_CONNECTIONS: 1.0,
}

#: From and to how many seconds a fault lasts. A frozen or cut off worker outlasts its leases of 6 s, or not quite.
_LASTS_S: Mapping[Fault, tuple[float, float]] = {
    Fault.FREEZE_WORKER: (4.0, 12.0),
    Fault.CUT_OFF_WORKER: (2.0, 12.0),
    Fault.KILL_REDIS: (0.0, 2.5),
    Fault.FREEZE_REDIS: (0.5, 5.0),
    Fault.FILL_REDIS: (1.0, 4.0),
    Fault.HANG_PROVIDER: (1.0, 3.0),
    Fault.CUT_PROVIDER: (1.0, 3.0),
    Fault.REFUSE_PROVIDER: (1.0, 3.0),
    Fault.REPEAT_PROVIDER: (1.0, 3.0),
}

#: Nothing strikes before the fleet is busy, or when it has nearly done its work.
_FROM, _TO = 0.02, 0.93

#: A worker dies at this many seconds after every second kill of Redis: nobody hears of it.
_IN_THE_DARK_S = 0.3


@dataclass(frozen=True, slots=True)
class Size:
    """How much is to strike."""

    worker_kills: int
    redis_kills: int


def make_schedule(seed: int, size: Size) -> tuple[Strike, ...]:
    """All strikes of a run, in order."""
    rng = Random(seed)
    strikes = [_strike(fault, at, rng) for fault, count in _counts(size).items() for at in _spread(count, rng)]
    in_the_dark = [each for each in strikes if each.fault is Fault.KILL_REDIS][::2][: size.worker_kills]
    strikes += [Strike(each.at, Fault.KILL_WORKER, rng.random(), after_s=_IN_THE_DARK_S) for each in in_the_dark]
    return tuple(sorted(strikes, key=lambda each: (each.at, each.after_s, each.fault)))


def _counts(size: Size) -> Counter[Fault]:
    in_the_dark = min((size.redis_kills + 1) // 2, size.worker_kills)
    counts = Counter({Fault.KILL_WORKER: size.worker_kills - in_the_dark, Fault.KILL_REDIS: size.redis_kills})
    for kills, beside in ((size.worker_kills, _BESIDE_WORKER_KILLS), (size.redis_kills, _BESIDE_REDIS_KILLS)):
        counts.update({fault: max(1, round(share * kills)) for fault, share in beside.items() if kills})
    return counts


def _spread(count: int, rng: Random) -> list[float]:
    """Moments over the whole run, one in each of as many equal parts of it."""
    return [_FROM + (_TO - _FROM) * (number + rng.random()) / count for number in range(count)]


def _strike(fault: Fault, at: float, rng: Random) -> Strike:
    shortest, longest = _LASTS_S.get(fault, (0.0, 0.0))
    return Strike(at, fault, rng.random(), round(rng.uniform(shortest, longest), 2))
