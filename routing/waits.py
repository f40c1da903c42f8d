"""How long a provider asks to wait: one reader for every form in which they say it.

Seconds (`Retry-After: 3`, fractions too), milliseconds (`retry-after-ms`), HTTP dates, RFC 3339, seconds or
milliseconds since the epoch, Go durations (`2m59.56s`), protobuf durations (`44s`), and as the last resort the sentence
of a message ("try again in 7.66s"). The present is an argument, in seconds since the epoch. No wait is longer than
`LONGEST_S`, whatever is said.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

#: Nobody means more: it is about a month's quota.
LONGEST_S = 31 * 86_400.0

#: A bare number from here on is a point in time: seconds since the epoch, or milliseconds.
_EPOCH_S = 1e9
_EPOCH_MS = 1e12

_SECONDS = {
    "d": 86400.0,
    "h": 3600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "ns": 1e-9,
    "day": 86400.0,
    "hour": 3600.0,
    "minute": 60.0,
    "min": 60.0,
    "second": 1.0,
    "sec": 1.0,
    "millisecond": 1e-3,
}
_UNITS = "|".join(sorted(_SECONDS, key=len, reverse=True))
_NUMBER = r"\d+(?:\.\d+)?"
_PIECE = re.compile(rf"({_NUMBER})\s*({_UNITS})s?", re.IGNORECASE)
_DURATION = re.compile(rf"(?:{_NUMBER}(?:{_UNITS}))+")
_SENTENCE = re.compile(
    rf"\b(?:try again|retry|wait)(?: in| after| for)? ((?:{_NUMBER}\s*(?:{_UNITS})s?(?![a-z])[\s,]*(?:and )?)+)",
    re.IGNORECASE,
)


def parse_wait(text: str, *, now: float) -> float | None:
    """Seconds to wait, never negative; None if the text is no wait."""
    text = text.strip()
    if _is_number(text):
        return _bounded(_from_number(text, now))
    if _DURATION.fullmatch(text):
        return _sum(text)
    at = _at(text)
    return None if at is None else _bounded(at - now)


def wait_in_headers(headers: Mapping[str, str], *, now: float) -> float | None:
    """Seconds that a response's headers (names in lower case) ask to wait, None if they do not say.

    `retry-after` decides; without it, the latest reset of those limits of which nothing remains. Points in time are
    measured from the server's own `date`, so that a clock that is off does not matter.
    """
    now = _at(headers.get("date", "")) or now
    millis = headers.get("retry-after-ms", "")
    if _is_number(millis):
        return _bounded(float(millis) / 1000)
    said = parse_wait(headers.get("retry-after", ""), now=now)
    return said if said is not None else _latest_reset(headers, now)


def wait_in_text(message: str) -> float | None:
    """Seconds in a sentence such as "Please try again in 2m59.56s", None if there is none."""
    found = _SENTENCE.search(message)
    return _sum(found[1]) if found else None


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _from_number(text: str, now: float) -> float:
    number = float(text)
    if number >= _EPOCH_MS:
        number = number / 1000 - now
    elif number >= _EPOCH_S:
        number -= now
    return number


def _sum(pieces: str) -> float:
    return _bounded(sum(float(number) * _SECONDS[unit.lower()] for number, unit in _PIECE.findall(pieces)))


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST_S)


def _at(text: str) -> float | None:
    """Seconds since the epoch of an HTTP date or an RFC 3339 time."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            at = read(text)
        except (ValueError, OverflowError):
            continue
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return None


def _latest_reset(headers: Mapping[str, str], now: float) -> float | None:
    """`x-ratelimit-remaining-tokens: 0` makes `x-ratelimit-reset-tokens` count; every family names such pairs."""
    waits = [
        wait
        for name, left in headers.items()
        if "limit" in name and "remaining" in name and left.strip() == "0"
        if (wait := parse_wait(headers.get(name.replace("remaining", "reset"), ""), now=now)) is not None
    ]
    return max(waits, default=None)
