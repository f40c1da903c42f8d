"""What happens after an attempt failed: one function of the failure, the attempts used and the time left.

`RULES` is the table; `action_table.py` writes it for people.

A job has one budget of attempts over all its targets, so retries and fallbacks never multiply. A call that a limit
refused uses up none of it; the job's deadline bounds such waits.
"""

from dataclasses import dataclass
from enum import StrEnum

from .directory import Filtered, RetryPolicy
from .failure import Failure, Fault


@dataclass(frozen=True, slots=True)
class Retry:
    """The same target again after `wait_s` seconds."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class Fallback:
    """The next target of the chain, at once. counted: whether the attempt is used up."""

    counted: bool = True


@dataclass(frozen=True, slots=True)
class Snooze:
    """Put back for `wait_s` seconds; the attempt is not counted."""

    wait_s: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The job has failed. reason: a few words for people."""

    reason: str


Action = Retry | Fallback | Snooze | GiveUp


class Again(StrEnum):
    """When the same target may be asked again."""

    NEVER = "never"
    ONCE = "once"  #: at once, before the next target is tried, and then no more
    AT_ONCE = "at_once"  #: the same, and after a back-off when no other target is left
    IF_ALONE = "if_alone"  #: after a back-off, when no other target is left
    WHEN_ADMITTED = "when_admitted"  #: after the wait the provider asks for, when no other target is left


@dataclass(frozen=True, slots=True)
class Rule:
    """again: when to ask the same target again. falls_back: how many other targets may be tried. breaks: counts for the
    breaker.
    """

    again: Again
    falls_back: int | None
    breaks: bool


ANY_NUMBER = None

RULES: dict[Fault, Rule] = {
    Fault.TRANSPORT: Rule(Again.AT_ONCE, ANY_NUMBER, breaks=True),
    Fault.SERVER: Rule(Again.AT_ONCE, ANY_NUMBER, breaks=True),
    Fault.TIMEOUT_CONNECT: Rule(Again.IF_ALONE, ANY_NUMBER, breaks=True),
    Fault.TIMEOUT_FIRST_TOKEN: Rule(Again.IF_ALONE, ANY_NUMBER, breaks=True),
    Fault.TIMEOUT_IDLE: Rule(Again.IF_ALONE, ANY_NUMBER, breaks=True),
    Fault.TIMEOUT_TOTAL: Rule(Again.IF_ALONE, ANY_NUMBER, breaks=True),
    Fault.OVERLOADED: Rule(Again.IF_ALONE, ANY_NUMBER, breaks=True),
    Fault.RATE_LIMITED: Rule(Again.WHEN_ADMITTED, ANY_NUMBER, breaks=False),
    Fault.QUOTA_EXHAUSTED: Rule(Again.WHEN_ADMITTED, ANY_NUMBER, breaks=False),
    Fault.AUTH: Rule(Again.NEVER, ANY_NUMBER, breaks=False),
    Fault.MODEL_NOT_FOUND: Rule(Again.NEVER, ANY_NUMBER, breaks=False),
    Fault.CONTEXT_OVERFLOW: Rule(Again.NEVER, ANY_NUMBER, breaks=False),
    Fault.CONTENT_FILTERED: Rule(Again.NEVER, 1, breaks=False),
    Fault.BAD_REQUEST: Rule(Again.NEVER, 1, breaks=False),
    Fault.BAD_OUTPUT: Rule(Again.ONCE, ANY_NUMBER, breaks=False),
}

#: How many other targets may be tried after a filter, by what the job's route says. Which ones: see `Alternatives`.
FILTERED: dict[Filtered, int | None] = {"give_up": 0, "one_more": 1, "all": ANY_NUMBER, "local": ANY_NUMBER}

#: Seconds until a limit is tried again when the provider names none.
DEFAULT_LIMIT_WAIT_S = 15.0
#: Without a word from the provider, a daily quota is looked at again this often.
DEFAULT_QUOTA_WAIT_S = 900.0


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a job stands when an attempt has failed.

    attempts_used: over all targets, this one included. failures_here: earlier ones on this target, limits apart.
    refusing: targets that have failed in this very way, this one included. alternates: targets left that the job may
    fall back to. time_left_s: until the job's deadline. jitter: from 0 to 1, spreads back-offs. out: this target takes
    no calls now, of anybody. another: another server of the same target does. filtered: what its route says.
    """

    attempts_used: int
    failures_here: int
    refusing: int
    alternates: int
    time_left_s: float
    jitter: float
    out: bool = False
    another: bool = False
    filtered: Filtered = "one_more"


def next_action(failure: Failure, at: Situation, policy: RetryPolicy) -> Action:
    """What happens next. A passed deadline ends the job whatever failed; so do used-up attempts, limits apart."""
    rule = RULES[failure.fault]
    if at.time_left_s <= 0:
        return GiveUp("its deadline has passed")
    if rule.again is Again.WHEN_ADMITTED:
        return Fallback(counted=False) if at.alternates else _within(at, Snooze(_limit_wait(failure)))
    if at.attempts_used >= policy.max_attempts:
        return GiveUp(f"all {policy.max_attempts} attempts are used up")
    # Who has just failed does not get the last attempt while somebody else is left.
    pointless = at.alternates > 0 and (at.out or at.attempts_used == policy.max_attempts - 1)
    tried_enough = at.failures_here >= policy.retries_per_target
    if rule.again in (Again.ONCE, Again.AT_ONCE) and not (tried_enough or pointless):
        return Retry(0.0)
    others = FILTERED[at.filtered] if failure.fault is Fault.CONTENT_FILTERED else rule.falls_back
    if at.alternates and (others is None or at.refusing <= others):
        return Fallback()
    if rule.again in (Again.NEVER, Again.ONCE):
        return GiveUp("no other target is left to try")
    return Retry(0.0) if at.another else _within(at, Retry(_wait_s(failure, at, policy)))


def _wait_s(failure: Failure, at: Situation, policy: RetryPolicy) -> float:
    return failure.wait_s if failure.wait_s is not None else backoff_s(at, policy)


def backoff_s(at: Situation, policy: RetryPolicy) -> float:
    """Exponential back-off with full jitter: anything up to `delay_s`, doubled at each failure here, capped.

    Jobs that failed at the same moment are spread over the whole of it, whatever they did before.
    """
    return at.jitter * min(policy.max_delay_s, policy.delay_s * 2.0 ** min(at.failures_here, 16))


def _limit_wait(failure: Failure) -> float:
    if failure.wait_s is not None:
        return max(failure.wait_s, 0.05)
    return DEFAULT_QUOTA_WAIT_S if failure.fault is Fault.QUOTA_EXHAUSTED else DEFAULT_LIMIT_WAIT_S


def _within(at: Situation, action: Retry | Snooze) -> Action:
    if action.wait_s < at.time_left_s:
        return action
    return GiveUp(f"the next try is due in {action.wait_s:.0f} s, after the job's deadline")
