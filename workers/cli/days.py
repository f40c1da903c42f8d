"""Days as people write them: `today`, `7d`, `2026-11-01`."""

import re
from datetime import date, timedelta

from ...tasks.errors import InvalidRequest
from ...tasks.usage_books import KEPT_DAYS

_LAST = re.compile(r"(\d{1,4})d")


def span(since: str, until: str, today: date) -> tuple[date, date]:
    """The first and the last day. Raises InvalidRequest."""
    first, last = parse_day(since, today), parse_day(until, today)
    if first > last:
        raise InvalidRequest(f"--since {first} is after --until {last}")
    return first, last


def parse_day(text: str, today: date) -> date:
    """The day, or the first of so many last ones, today included. Raises InvalidRequest."""
    words = {"today": today, "yesterday": today - timedelta(days=1)}
    if text in words:
        return words[text]
    if (last := _LAST.fullmatch(text)) and 1 <= int(last[1]) <= KEPT_DAYS:
        return today - timedelta(days=int(last[1]) - 1)
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(
            f"{text!r} is no day: `today`, `yesterday`, `7d` (the last seven, {KEPT_DAYS} at most), or YYYY-MM-DD"
        ) from None
    return max(found, today - timedelta(days=KEPT_DAYS - 1))
