"""Lengths of time as people and providers write them."""

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import formatdate

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def seconds(text: str) -> float:
    """`250ms`, `5s`, `1m30s`, `2h` in seconds. Raises ValueError with the forms that are known."""
    parts = _SPAN.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a length of time; write it as 250ms, 5s, 1m30s or 2h")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def go_duration(span_s: float) -> str:
    """Go's `time.Duration.String()`, as rate-limit headers have it: `12ms`, `7.66s`, `6m0s`, `2m59.56s`, `1h0m0s`.

    Rounded up to a millisecond, so that who waits for it does not come early.
    """
    ms = math.ceil(round(span_s * 1000, 6))
    if ms < 1000:
        return f"{ms}ms"
    minutes, rest_ms = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    tail = f"{rest_ms / 1000:g}s"
    if hours:
        return f"{hours}h{minutes}m{tail}"
    return f"{minutes}m{tail}" if minutes else tail


def http_date(epoch_s: float) -> str:
    """RFC 9110's preferred form of a moment, whole seconds rounded up."""
    return formatdate(math.ceil(epoch_s), usegmt=True)


def moment(epoch_s: float, plus_s: float = 0.0) -> str:
    """RFC 3339 in UTC."""
    return (datetime.fromtimestamp(epoch_s, UTC) + timedelta(seconds=plus_s)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def whole_second(epoch_s: float) -> str:
    """RFC 3339 in UTC, rounded up to a second."""
    return datetime.fromtimestamp(math.ceil(epoch_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
