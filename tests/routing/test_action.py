"""What follows a failure: the table of `routing/action.py`, row by row."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.action import (
    DEFAULT_LIMIT_WAIT_S,
    DEFAULT_QUOTA_WAIT_S,
    RULES,
    Action,
    Fallback,
    GiveUp,
    Retry,
    Situation,
    Snooze,
    backoff_s,
    next_action,
)
from workfleet.routing.directory import Filtered, RetryPolicy
from workfleet.routing.failure import Failure, Fault

POLICY = RetryPolicy(max_attempts=4, retries_per_target=1, delay_s=1.0, max_delay_s=30.0)
NO_OTHER = GiveUp("no other target is left to try")
TIMEOUTS = (Fault.TIMEOUT_CONNECT, Fault.TIMEOUT_FIRST_TOKEN, Fault.TIMEOUT_IDLE, Fault.TIMEOUT_TOTAL)


def situation(
    *,
    attempts_used: int = 1,
    failures_here: int = 0,
    refusing: int = 1,
    alternates: int = 0,
    time_left_s: float = 3600.0,
    jitter: float = 1.0,
) -> Situation:
    return Situation(attempts_used, failures_here, refusing, alternates, time_left_s, jitter)


FIRST, FIRST_ALONE = situation(alternates=1), situation()
SECOND, SECOND_ALONE = (
    situation(attempts_used=2, failures_here=1, alternates=1),
    situation(attempts_used=2, failures_here=1),
)
#: Another target has refused the job in the same way before.
REFUSED_TWICE = situation(attempts_used=2, refusing=2, alternates=1)


def rows(
    faults: Iterable[Fault], at: Situation, action: Action, rule: str
) -> Iterable[tuple[Fault, Situation, Action, str]]:
    return ((fault, at, action, f"{fault} {rule}") for fault in faults)


BROKEN, SLOW = (Fault.TRANSPORT, Fault.SERVER), (*TIMEOUTS, Fault.OVERLOADED)
LIMITS = ((Fault.RATE_LIMITED, DEFAULT_LIMIT_WAIT_S), (Fault.QUOTA_EXHAUSTED, DEFAULT_QUOTA_WAIT_S))
HOPELESS_HERE = (Fault.AUTH, Fault.MODEL_NOT_FOUND, Fault.CONTEXT_OVERFLOW)
REFUSALS = (Fault.CONTENT_FILTERED, Fault.BAD_REQUEST)

TABLE = [
    *rows(BROKEN, FIRST, Retry(0.0), "is tried again here at once"),
    *rows(BROKEN, SECOND, Fallback(), "twice here goes to the next target"),
    *rows(BROKEN, FIRST_ALONE, Retry(0.0), "without another target is tried again at once"),
    *rows(BROKEN, SECOND_ALONE, Retry(2.0), "twice without another target waits"),
    *rows(SLOW, FIRST, Fallback(), "goes to the next target at once"),
    *rows(SLOW, FIRST_ALONE, Retry(1.0), "without another target waits"),
    *rows(SLOW, SECOND_ALONE, Retry(2.0), "twice without another target waits for longer"),
    *(row for fault, _ in LIMITS for row in rows([fault], FIRST, Fallback(counted=False), "goes on uncounted")),
    *(row for fault, wait_s in LIMITS for row in rows([fault], FIRST_ALONE, Snooze(wait_s), "alone is snoozed")),
    *rows(HOPELESS_HERE, FIRST, Fallback(), "goes to the next target"),
    *rows(HOPELESS_HERE, REFUSED_TWICE, Fallback(), "goes to any number of targets"),
    *rows(HOPELESS_HERE, FIRST_ALONE, NO_OTHER, "alone has failed"),
    *rows(REFUSALS, FIRST, Fallback(), "goes to one more target"),
    *rows(REFUSALS, REFUSED_TWICE, NO_OTHER, "of two targets is final"),
    *rows(REFUSALS, FIRST_ALONE, NO_OTHER, "alone has failed"),
    *rows([Fault.BAD_OUTPUT], FIRST, Retry(0.0), "is tried again here at once"),
    *rows([Fault.BAD_OUTPUT], SECOND, Fallback(), "twice here goes to the next target"),
    *rows([Fault.BAD_OUTPUT], SECOND_ALONE, NO_OTHER, "twice and alone has failed"),
]


@pytest.mark.parametrize(("fault", "at", "action"), [row[:3] for row in TABLE], ids=[row[3] for row in TABLE])
def test_the_table(fault: Fault, at: Situation, action: Action) -> None:
    assert next_action(Failure(fault, "said"), at, POLICY) == action


def test_the_table_speaks_of_every_fault_and_every_fault_has_a_rule() -> None:
    assert set(RULES) == set(Fault)
    assert {fault for fault, *_ in TABLE} == set(Fault)


@pytest.mark.parametrize(
    ("filtered", "at", "action"),
    [
        ("give_up", FIRST, NO_OTHER),
        ("one_more", FIRST, Fallback()),
        ("one_more", REFUSED_TWICE, NO_OTHER),
        ("all", REFUSED_TWICE, Fallback()),
        ("local", REFUSED_TWICE, Fallback()),
        ("all", FIRST_ALONE, NO_OTHER),
    ],
    ids=["none", "one more", "and no more", "all of them", "all of our own", "none is left"],
)
def test_a_route_says_how_many_others_get_what_a_filter_refused(
    filtered: Filtered, at: Situation, action: Action
) -> None:
    failure = Failure(Fault.CONTENT_FILTERED, "unsafe")
    assert next_action(failure, replace(at, filtered=filtered), POLICY) == action


def test_it_says_nothing_of_other_failures() -> None:
    at = replace(FIRST, filtered="give_up")
    assert next_action(Failure(Fault.BAD_REQUEST, "no"), at, POLICY) == Fallback()


@pytest.mark.parametrize("fault", list(Fault))
def test_only_what_tells_of_the_targets_health_counts_for_its_breaker(fault: Fault) -> None:
    assert RULES[fault].breaks == (fault in (*BROKEN, *SLOW))


@pytest.mark.parametrize(
    "fault", [fault for fault in Fault if fault not in (Fault.RATE_LIMITED, Fault.QUOTA_EXHAUSTED)]
)
def test_used_up_attempts_end_the_job_though_other_targets_are_left(fault: Fault) -> None:
    at = situation(attempts_used=4, alternates=3)
    assert next_action(Failure(fault, "said"), at, POLICY) == GiveUp("all 4 attempts are used up")


@pytest.mark.parametrize("alternates", [0, 1])
@pytest.mark.parametrize("fault", list(Fault))
def test_a_passed_deadline_ends_the_job_whatever_its_failure_is(fault: Fault, alternates: int) -> None:
    at = situation(alternates=alternates, time_left_s=0.0)
    assert next_action(Failure(fault, "said"), at, POLICY) == GiveUp("its deadline has passed")


@pytest.mark.parametrize(
    ("fault", "said_s", "action"),
    [
        (Fault.RATE_LIMITED, 22.0, Snooze(22.0)),
        (Fault.RATE_LIMITED, 0.0, Snooze(0.05)),
        (Fault.QUOTA_EXHAUSTED, 7200.0, GiveUp("the next try is due in 7200 s, after the job's deadline")),
        (Fault.OVERLOADED, 7.0, Retry(7.0)),
        (Fault.TIMEOUT_TOTAL, None, Retry(1.0)),
        (Fault.OVERLOADED, 4000.0, GiveUp("the next try is due in 4000 s, after the job's deadline")),
    ],
    ids=[
        "the provider's wait wins",
        "a wait of nothing does not spin",
        "a wait past the deadline is pointless",
        "an overloaded provider's wait wins over the back-off",
        "without a word the back-off decides",
        "nor is there a retry past the deadline",
    ],
)
def test_waits(fault: Fault, said_s: float | None, action: Action) -> None:
    assert next_action(Failure(fault, "said", wait_s=said_s), situation(), POLICY) == action


@pytest.mark.parametrize(
    ("attempts_used", "alternates", "action"),
    [(2, 1, Retry(0.0)), (3, 1, Fallback()), (3, 0, Retry(0.0))],
    ids=["there is another attempt for somebody else", "there is none", "nobody else is left"],
)
@pytest.mark.parametrize("fault", [Fault.SERVER, Fault.BAD_OUTPUT])
def test_the_last_attempt_is_for_a_target_that_has_not_failed(
    fault: Fault, attempts_used: int, alternates: int, action: Action
) -> None:
    at = situation(attempts_used=attempts_used, alternates=alternates)
    assert next_action(Failure(fault, "said"), at, POLICY) == action


@pytest.mark.parametrize("fault", [*SLOW, *BROKEN])
@pytest.mark.parametrize("said_s", [None, 20.0], ids=["no back-off", "nor the wait of a server that is not asked"])
def test_while_another_server_of_the_target_is_well_it_is_asked_at_once(fault: Fault, said_s: float | None) -> None:
    at = replace(SECOND_ALONE, another=True)
    assert next_action(Failure(fault, "said", wait_s=said_s), at, POLICY) == Retry(0.0)


def test_a_policy_without_retries_asks_no_target_twice_while_others_are_left() -> None:
    policy = POLICY.model_copy(update={"retries_per_target": 0})
    assert next_action(Failure(Fault.SERVER, "said"), FIRST, policy) == Fallback()


@pytest.mark.parametrize(
    ("failures_here", "jitter", "seconds"),
    [(0, 0.0, 0.0), (0, 1.0, 1.0), (1, 1.0, 2.0), (3, 0.5, 4.0), (5, 1.0, 30.0), (5000, 1.0, 30.0)],
    ids=["nothing at least", "the whole at most", "doubled", "between", "capped", "never overflows"],
)
def test_the_back_off(failures_here: int, jitter: float, seconds: float) -> None:
    assert backoff_s(situation(failures_here=failures_here, jitter=jitter), POLICY) == seconds


@given(
    st.sampled_from(Fault),
    st.none() | st.floats(0, 1e6),
    st.integers(1, 10),
    st.integers(0, 10),
    st.integers(1, 5),
    st.integers(0, 3),
    st.floats(-10, 1e6),
    st.floats(0, 1),
)
def test_no_wait_outlasts_the_deadline_and_no_attempt_exceeds_the_budget(
    fault: Fault,
    said_s: float | None,
    attempts_used: int,
    failures_here: int,
    refusing: int,
    alternates: int,
    time_left_s: float,
    jitter: float,
) -> None:
    at = Situation(attempts_used, failures_here, refusing, alternates, time_left_s, jitter)
    match next_action(Failure(fault, "said", wait_s=said_s), at, POLICY):
        case Retry(wait_s):
            assert attempts_used < POLICY.max_attempts
            assert 0 <= wait_s < time_left_s
        case Snooze(wait_s):
            assert 0 < wait_s < time_left_s
        case Fallback(counted):
            assert alternates
            assert attempts_used < POLICY.max_attempts or not counted
        case GiveUp(reason):
            assert reason


@pytest.mark.parametrize(
    ("alternates", "action"),
    [(1, Fallback()), (0, Retry(0.0))],
    ids=["the next target is asked at once", "alone it is asked again"],
)
def test_a_target_that_takes_no_calls_any_more_is_not_asked_again_first(alternates: int, action: object) -> None:
    at = Situation(
        attempts_used=1, failures_here=0, refusing=1, alternates=alternates, time_left_s=60.0, jitter=0.0, out=True
    )
    assert next_action(Failure(Fault.TRANSPORT, "reset"), at, RetryPolicy()) == action
