"""Which class of failure Gemini's errors are: a quota's period and a wrong key stand in their details (C.7)."""

import re
from dataclasses import replace
from typing import Any

from ....routing.failure import Failure, Fault
from ....routing.limits import Period
from ....routing.quota_calendar import edges
from .. import faults
from ..dialect import Reply
from ..error_body import ErrorBody, read_error
from ..json_fields import mappings, number, text

#: Where the days of Google's quotas begin.
QUOTA_ZONE = "America/Los_Angeles"

#: As in `GenerateContentInputTokensPerModelPerMinute-FreeTier`.
_LIMIT = re.compile(r"(Requests|Tokens)(?:PerModel|PerProject)*Per(Minute|Day)")

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
    if failure.fault is not Fault.RATE_LIMITED:
        return failure
    reached = [violation for detail in details for violation in mappings(detail.get("violations"))]
    failure = replace(failure, message=" ".join((failure.message, *filter(None, map(_limit, reached)))))
    if any("PerDay" in text(violation.get("quotaId")) for violation in reached):
        # The wait that comes with it is short, and untrue: the quota comes back at midnight.
        return replace(failure, fault=Fault.QUOTA_EXHAUSTED, wait_s=_until_midnight(reply.at))
    return failure


def _limit(violation: dict[str, Any]) -> str:
    """The limit that was reached, in the words in which other providers tell theirs; empty if it is no such limit."""
    name, most = text(violation.get("quotaId")), number(violation.get("quotaValue"))
    found = _LIMIT.search(name)
    if found is None or not most:
        return ""
    unit, period = found[1], found[2]
    return f"{unit} per {period} ({unit[0]}P{period[0]}): Limit {most:.0f}"


def _until_midnight(now: float) -> float:
    return edges(Period.DAY, QUOTA_ZONE, now)[1] - now
