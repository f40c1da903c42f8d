"""Which class of failure Gemini's errors are: a quota's period and a wrong key stand in their details (C.7)."""

from dataclasses import replace
from typing import Any

from ....routing.failure import Failure, Fault
from ....routing.limits import Period
from ....routing.quota_calendar import edges
from .. import faults
from ..dialect import Reply
from ..error_body import ErrorBody, read_error
from ..json_fields import mappings, text

#: Where the days of Google's quotas begin.
QUOTA_ZONE = "America/Los_Angeles"

_WRONG_KEY = frozenset({"API_KEY_INVALID", "API_KEY_EXPIRED", "API_KEY_SERVICE_BLOCKED"})


def failure_of(reply: Reply) -> Failure:
    error = read_error(reply.body)
    return _refined(faults.failure_of(reply), error, reply)


def failure_in(error: ErrorBody, reply: Reply) -> Failure:
    return _refined(faults.failure_in(error, reply), error, reply)


def _refined(failure: Failure, error: ErrorBody, reply: Reply) -> Failure:
    details = mappings(error.details.get("details"))
    if any(text(detail.get("reason")) in _WRONG_KEY for detail in details):
        return replace(failure, fault=Fault.AUTH)
    if failure.fault is Fault.RATE_LIMITED and any("PerDay" in quota for quota in _quotas(details)):
        # The wait that comes with it is short, and untrue: the quota comes back at midnight.
        return replace(failure, fault=Fault.QUOTA_EXHAUSTED, wait_s=_until_midnight(reply.at))
    return failure


def _quotas(details: list[dict[str, Any]]) -> list[str]:
    return [text(violation.get("quotaId")) for detail in details for violation in mappings(detail.get("violations"))]


def _until_midnight(now: float) -> float:
    return edges(Period.DAY, QUOTA_ZONE, now)[1] - now
