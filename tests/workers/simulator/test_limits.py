import math

import pytest

from workfleet.routing.limits import Period, Unit
from workfleet.workers.simulator.limits import Limit, Limiter, Overrun, Reading

RPM = Limit(Unit.REQUESTS, Period.MINUTE, 10, 60)
TPM = Limit(Unit.TOKENS, Period.MINUTE, 100, 60)
RPD = Limit(Unit.REQUESTS, Period.DAY, 12, 86_400)


def test_requests_are_admitted_up_to_the_limit_and_one_more_is_not() -> None:
    limiter = Limiter([RPM], "sliding")
    assert [limiter.admit(1, now=0) for _ in range(10)] == [None] * 10
    assert limiter.admit(1, now=15) == Overrun(RPM, used=10, requested=1, wait_s=45)
    assert limiter.admit(1, now=60) is None


def test_a_refused_request_uses_nothing_of_any_limit() -> None:
    limiter = Limiter([RPM, TPM], "sliding")
    limiter.admit(95, now=0)
    before = limiter.readings(now=1)
    assert limiter.admit(6, now=1) == Overrun(TPM, used=95, requested=6, wait_s=59)
    assert limiter.readings(now=1) == before


def test_the_limit_with_the_longest_wait_is_named() -> None:
    limiter = Limiter([RPM, RPD], "fixed")
    for now in (0, 60):
        for _ in range(6):
            limiter.admit(1, now)
    assert limiter.admit(1, now=61) == Overrun(RPD, used=12, requested=1, wait_s=86_400 - 61)


def test_a_request_above_the_limit_of_tokens_never_fits() -> None:
    assert Limiter([RPM, TPM], "bucket").admit(101, now=0) == Overrun(TPM, used=0, requested=101, wait_s=math.inf)


def test_readings_tell_what_remains_and_when_all_of_it_is_back() -> None:
    limiter = Limiter([RPM, TPM, RPD], "bucket")
    limiter.admit(50, now=0)
    assert limiter.readings(now=0) == (
        Reading(RPM, remaining=9, reset_s=6),
        Reading(TPM, remaining=50, reset_s=30),
        Reading(RPD, remaining=11, reset_s=7200),
    )


def test_without_limits_everything_is_admitted() -> None:
    assert Limiter([], "fixed").admit(10**9, now=0) is None


@pytest.mark.parametrize(("limit", "acronym"), [(RPM, "RPM"), (TPM, "TPM"), (RPD, "RPD")])
def test_limits_have_the_acronyms_that_providers_use(limit: Limit, acronym: str) -> None:
    assert limit.acronym == acronym
