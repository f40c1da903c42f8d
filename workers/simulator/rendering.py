"""From an answer to the script of its reply, with everything that faults do to it on the way. Pure."""

from dataclasses import replace

from .answer import Answer
from .ask import Ask
from .dialects.dialect import Dialect, Listing, Pull
from .exchange import Exchange
from .faults.board import Strike
from .faults.fault import Alter, BreakOff, ListAs, PullAs, Reframe, Respond, Slow
from .faults.framing import half
from .problem import Problem
from .script import Script
from .timing import Timing


def altered(answer: Answer, strikes: tuple[Strike, ...]) -> Answer:
    for strike in strikes:
        if isinstance(strike.fault.effect, Alter):
            answer = strike.fault.effect.change(answer, strike.amount)
    return answer


def slowed(timing: Timing, strikes: tuple[Strike, ...]) -> Timing:
    for strike in strikes:
        if isinstance(strike.fault.effect, Slow):
            timing = strike.fault.effect.change(timing, strike.amount)
    return timing


def responded(ask: Ask | None, strikes: tuple[Strike, ...]) -> Problem | None:
    """The problem that takes the place of the answer; the first that was switched on."""
    for strike in strikes:
        if isinstance(strike.fault.effect, Respond):
            return strike.fault.effect.problem(strike.amount, ask)
    return None


def rendered(
    dialect: Dialect, ask: Ask, answer: Answer, timing: Timing, exchange: Exchange, strikes: tuple[Strike, ...]
) -> Script:
    script = dialect.reply(ask, answer, timing, exchange)
    for strike in strikes:
        effect = strike.fault.effect
        if isinstance(effect, Reframe):
            script = effect.change(script, strike.amount)
        elif isinstance(effect, BreakOff):
            before, frame = half(script)
            error = (replace(last, due_s=frame.due_s) for last in dialect.broken_off(ask, answer, exchange))
            script = replace(script, frames=(*before, *error))
    return script


def listing(strikes: tuple[Strike, ...]) -> Listing:
    return next((s.fault.effect.form for s in strikes if isinstance(s.fault.effect, ListAs)), Listing.PLAIN)


def pulling(strikes: tuple[Strike, ...]) -> Pull:
    return next((s.fault.effect.form for s in strikes if isinstance(s.fault.effect, PullAs)), Pull.PLAIN)
