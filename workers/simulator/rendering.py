"""From an answer to the script of its reply, with everything that faults do to it on the way. Pure."""

from dataclasses import replace

from .answer import Answer
from .ask import Ask
from .dialects.dialect import Dialect, House, Listing, Pull
from .exchange import Exchange
from .faults.board import Strike
from .faults.fault import Alter, BreakOff, ListAs, PullAs, Reframe, Respond, Slow
from .faults.framing import half
from .incoming import Incoming
from .problem import Problem, Refused, foreign
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


def worded(dialect: Dialect, problem: Problem, model: str, exchange: Exchange) -> Script:
    """The reply to a problem, in the dialect's words unless it comes from in front of the provider."""
    return foreign(problem) or dialect.problem(problem, model, exchange)


def informed(got: Incoming, exchange: Exchange, house: House, strikes: tuple[Strike, ...] = ()) -> Script:
    """The reply to a request that uses no model, or cannot be served."""
    problem = got.problem or responded(None, strikes)
    if problem is None:
        try:
            return got.dialect.inform(got.body, exchange, house, _listing(strikes), _pulling(strikes))
        except Refused as refused:
            problem = refused.problem
    return worded(got.dialect, problem, got.model, exchange)


def _listing(strikes: tuple[Strike, ...]) -> Listing:
    return next((s.fault.effect.form for s in strikes if isinstance(s.fault.effect, ListAs)), Listing.PLAIN)


def _pulling(strikes: tuple[Strike, ...]) -> Pull:
    return next((s.fault.effect.form for s in strikes if isinstance(s.fault.effect, PullAs)), Pull.PLAIN)
