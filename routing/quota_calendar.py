"""When a day's or a month's quota begins anew, where the provider lives. Pure: times are seconds since the epoch.

A calendar day lasts 23 or 25 hours when the clocks change; what counts is the clock on the provider's wall.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .limits import Period

#: Instead of a zone: no calendar, but the last 24 hours or 30 days.
ROLLING = "rolling"

#: Length of a rolling window, and about that of a calendar period, in seconds.
LENGTH_S = {Period.MINUTE: 60.0, Period.DAY: 86_400.0, Period.MONTH: 30 * 86_400.0}


def is_zone(name: str) -> bool:
    """Whether quotas can be reset by this: the name of a time zone, or `rolling`."""
    try:
        return name == ROLLING or bool(ZoneInfo(name))
    except (KeyError, OSError, ValueError):
        return False


def edges(period: Period, zone: str, now: float) -> tuple[float, ...]:
    """When this period began, when the next one does, and the one after it; none of a rolling window."""
    if zone == ROLLING:
        return ()
    where = ZoneInfo(zone)
    first = _first_day(period, datetime.fromtimestamp(now, where).date())
    second = _next(period, first)
    return tuple(_midnight(day, where) for day in (first, second, _next(period, second)))


def _first_day(period: Period, day: date) -> date:
    return day.replace(day=1) if period is Period.MONTH else day


def _next(period: Period, day: date) -> date:
    return _first_day(period, day + timedelta(days=32)) if period is Period.MONTH else day + timedelta(days=1)


def _midnight(day: date, where: ZoneInfo) -> float:
    """Where the clocks are put forward at midnight, the day begins an hour later by their own account."""
    return datetime.combine(day, time(), where).timestamp()
