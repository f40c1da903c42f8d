"""Whether an endpoint takes calls, from what its calls and health checks showed."""

import pytest

from workfleet.routing.breaker import BreakerPolicy
from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.breakers import BreakerName
from workfleet.workers.endpoints.availability import Availability
from workfleet.workers.endpoints.circuit import Circuit
from workfleet.workers.settings.breaker import HOSTED

DOWN = Failure(Fault.TRANSPORT, "connection refused")


def of(policy: BreakerPolicy) -> Availability:
    return Availability(Circuit(BreakerName("endpoint", "gpu", "http://gpu:8000"), policy))


def reached() -> Availability:
    availability = of(HOSTED)
    availability.probed(None, now=0.0)
    return availability


def opened(at: float = 0.0) -> Availability:
    """Its breaker opened at this time; the cool-off is 30 s."""
    availability = reached()
    for _ in range(HOSTED.failures):
        availability.failed(DOWN, began=at, now=at)
    return availability


def half_open() -> Availability:
    """The cool-off is over, and a health check went well at 30 s."""
    availability = opened()
    availability.probed(None, now=30.0)
    return availability


def test_a_new_endpoint_is_asked_how_it_is_before_it_gets_calls() -> None:
    new = of(HOSTED)
    assert new.why_not(now=0.0) == "it does not answer: it has not been asked yet"
    assert new.wants_probe(now=0.0)
    new.probed("connection refused", now=0.0)
    assert new.why_not(now=0.0) == "it does not answer: connection refused"
    assert not new.resting(now=0.0)
    new.probed(None, now=1.0)
    assert new.why_not(now=1.0) is None
    assert not new.wants_probe(now=1.0)


def test_an_open_breaker_rests_and_is_left_alone_until_its_cool_off_is_over() -> None:
    availability = opened()
    assert availability.why_not(now=29.9) == "its breaker is open"
    assert availability.resting(now=29.9)
    assert not availability.wants_probe(now=29.9)
    assert availability.wants_probe(now=30.0)
    assert availability.why_not(now=30.0) == "its breaker is open"


def test_a_failed_health_check_doubles_the_cool_off() -> None:
    availability = opened()
    availability.probed("connection refused", now=30.0)
    assert [availability.wants_probe(now=now) for now in (89.9, 90.0)] == [False, True]


def test_after_a_good_health_check_one_call_may_try() -> None:
    availability = half_open()
    assert not availability.wants_probe(now=31.0)
    assert availability.why_not(now=31.0) is None
    availability.asked(now=31.0)
    assert availability.why_not(now=31.0) == "its breaker lets one call try"
    availability.succeeded(began=31.0, now=33.0)
    assert availability.why_not(now=33.0) is None
    assert not availability.resting(now=33.0)


def test_a_call_that_tried_and_failed_doubles_the_cool_off_however_well_the_health_check_was() -> None:
    availability = half_open()
    availability.asked(now=31.0)
    availability.failed(DOWN, began=31.0, now=32.0)
    assert availability.why_not(now=91.9) == "its breaker is open"
    assert [availability.wants_probe(now=now) for now in (91.9, 92.0)] == [False, True]


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.BAD_REQUEST, Fault.CONTENT_FILTERED])
def test_a_refusal_of_the_call_that_tried_is_an_answer(fault: Fault) -> None:
    availability = half_open()
    availability.asked(now=31.0)
    availability.failed(Failure(fault, "no"), began=31.0, now=32.0)
    assert availability.why_not(now=32.0) is None


def test_a_call_that_tried_and_was_stopped_leaves_the_try_to_another() -> None:
    availability = half_open()
    availability.asked(now=31.0)
    availability.stopped(began=31.0)
    assert availability.why_not(now=32.0) is None


def test_calls_from_before_it_opened_do_not_decide_for_the_one_that_tries() -> None:
    availability = half_open()
    availability.asked(now=31.0)
    availability.failed(DOWN, began=-1.0, now=32.0)
    availability.succeeded(began=-1.0, now=32.0)
    availability.stopped(began=-1.0)
    assert availability.why_not(now=32.0) == "its breaker lets one call try"


def test_rejected_credentials_take_it_out_for_good() -> None:
    availability = reached()
    availability.failed(Failure(Fault.AUTH, "bad key"), began=0.0, now=0.0)
    assert availability.why_not(now=1e9) == "its credentials are rejected: bad key"
    assert not availability.wants_probe(now=1e9)
    assert not availability.resting(now=1e9)


def test_a_health_check_that_is_refused_for_its_credentials_tells_of_them_and_opens_no_breaker() -> None:
    new = of(HOSTED)
    for now in range(9):
        new.refused("bad key", now=now)
    assert (new.why_not(now=9.0), new.wants_probe(now=9.0)) == ("its credentials are rejected: bad key", False)
    new.renewed()
    assert new.wants_probe(now=9.0)
    new.probed(None, now=9.0)
    assert new.why_not(now=9.0) is None


def test_a_key_that_calls_go_well_with_is_good_though_health_checks_may_not_use_it() -> None:
    availability = reached()
    availability.succeeded(began=0.0, now=1.0)
    for now in range(1, 9):
        availability.refused("no permission to list models", now=now)
    assert availability.why_not(now=9.0) is None
    availability.renewed()
    availability.refused("bad key", now=10.0)
    assert availability.why_not(now=10.0) == "its credentials are rejected: bad key"


@pytest.mark.parametrize(
    ("proved", "status", "why_not"),
    [
        (True, 403, None),
        (True, 401, "its credentials are rejected: no"),
        (False, 403, "its credentials are rejected: no"),
    ],
    ids=["one model only", "a key that was withdrawn", "a key that nothing went well with"],
)
def test_a_good_key_that_may_not_use_one_model_keeps_the_others(proved: bool, status: int, why_not: str | None) -> None:
    availability = reached()
    if proved:
        availability.succeeded(began=0.0, now=1.0)
    availability.failed(Failure(Fault.AUTH, "no", status=status), began=2.0, now=3.0)
    assert availability.why_not(now=3.0) == why_not


def test_of_an_endpoint_whose_models_fail_apart_only_its_connection_counts() -> None:
    """Each of its models has a breaker of its own for the rest."""
    apart = Availability(Circuit(BreakerName("endpoint", "gpu", "http://gpu:8000"), HOSTED), whole=False)
    apart.probed(None, now=0.0)
    for _ in range(HOSTED.failures):
        apart.failed(Failure(Fault.SERVER, "oops"), began=0.0, now=0.0)
    assert apart.why_not(now=0.0) is None
    for _ in range(HOSTED.failures):
        apart.failed(DOWN, began=1.0, now=1.0)
    assert apart.why_not(now=1.0) == "its breaker is open"


@pytest.mark.parametrize(
    "fault", [Fault.RATE_LIMITED, Fault.QUOTA_EXHAUSTED, Fault.BAD_REQUEST, Fault.CONTENT_FILTERED, Fault.BAD_OUTPUT]
)
def test_what_says_nothing_of_its_health_never_opens_the_breaker(fault: Fault) -> None:
    availability = reached()
    for _ in range(100):
        availability.failed(Failure(fault, "no"), began=0.0, now=0.0)
    assert availability.why_not(now=0.0) is None
