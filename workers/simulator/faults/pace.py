"""F15: slower than it should be."""

from dataclasses import replace

from ..ask import ANSWERS
from ..timing import Timing
from .fault import Amount, Fault, Slow


def _late(timing: Timing, seconds: float) -> Timing:
    return replace(timing, first_s=timing.first_s + seconds)


def _loading(timing: Timing, seconds: float) -> Timing:
    return replace(timing, load_s=timing.load_s + seconds)


def _trickle(timing: Timing, rate: float) -> Timing:
    return replace(timing, token_s=max(timing.token_s, 1 / rate))


FAULTS = (
    Fault("slow-first-token", "F15", "the first token comes late", Slow(_late), amount=Amount("seconds more", 10.0)),
    Fault(
        "slow-tokens",
        "F15",
        "few tokens a second",
        Slow(_trickle),
        hits=ANSWERS,
        amount=Amount("tokens a second", 40.0),
    ),
    Fault("model-load", "F15", "the model is loaded first", Slow(_loading), amount=Amount("seconds more", 5.0)),
)
