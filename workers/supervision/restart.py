"""What follows when a child has ended by itself. Pure."""

import signal
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """The wait before a new start doubles with each short run, from `first_delay_s` up to `max_delay_s`.

    stable_s: a run of this many seconds is no short one; the wait begins anew.
    hopeless: exit codes after which a new start would end the same way: a wrong configuration or command line,
    a program that is not there.
    """

    first_delay_s: float = 0.5
    max_delay_s: float = 30.0
    stable_s: float = 30.0
    hopeless: frozenset[int] = frozenset({2, 126, 127})


@dataclass(frozen=True, slots=True)
class Restart:
    """short_runs: how many in a row, this one included."""

    delay_s: float
    short_runs: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    reason: str


def after_exit(policy: RestartPolicy, *, code: int, ran_s: float, short_runs: int) -> Restart | GiveUp:
    """The next step for a child that nobody asked to end.

    code: negative is the signal that killed it, as in `subprocess`. short_runs: in a row, before this one.
    A child that ends without an error is started again as well: it was to run until it is told to end.
    """
    if code in policy.hopeless:
        return GiveUp(described(code))
    runs = 1 if ran_s >= policy.stable_s else short_runs + 1
    # The exponent is bounded: a child that fails for weeks must not overflow a float.
    delay_s = policy.first_delay_s * 2 ** min(runs - 1, 30)
    return Restart(min(delay_s, policy.max_delay_s), runs)


def described(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
