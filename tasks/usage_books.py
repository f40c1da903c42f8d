"""The sums of all attempts as Redis has them (tasks/usage.py says what of)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta

from .connection import AsyncRedis
from .usage import BUCKETS, Row, Sums, Table

#: Days that the sums of a day are kept (`usage_kept_s` in scripts/ledger.lua).
KEPT_DAYS = 400
_SEPARATOR = "\x1f"
_EPOCH = date(1970, 1, 1)
_SUMS = len(fields(Sums))


@dataclass(slots=True)
class Histogram:
    """Attempts by bucket: as many counts as BUCKET_BOUNDS_S, and one of those that took longer."""

    counts: list[int] = field(default_factory=lambda: [0] * (BUCKETS + 1))


@dataclass(frozen=True, slots=True)
class Totals:
    """Since the fleet's Redis is new, of all agents together: they only ever grow. total, first_token: by row."""

    table: Table = field(default_factory=dict[Row, Sums])
    total: Mapping[Row, Histogram] = field(default_factory=dict[Row, Histogram])
    first_token: Mapping[Row, Histogram] = field(default_factory=dict[Row, Histogram])


class UsageBooks:
    """Reads them. namespace: as the store's. Errors of Redis pass through as they are."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self._redis = redis
        self._prefix = f"{namespace}:usage:"

    async def today(self) -> date:
        """The day in UTC on Redis' clock, on which attempts are booked."""
        seconds, _ = await self._redis.time()
        return datetime.fromtimestamp(seconds, UTC).date()

    async def days(self, since: date, until: date) -> dict[str, Table]:
        """The days from `since` to `until`, both included, that have any attempt: YYYY-MM-DD -> table."""
        wanted = [since + timedelta(days=ahead) for ahead in range((until - since).days + 1)]
        async with self._redis.pipeline(transaction=False) as pipe:
            for day in wanted:
                pipe.hgetall(f"{self._prefix}{(day - _EPOCH).days}")
            found = await pipe.execute()
        return {day.isoformat(): _table(raw) for day, raw in zip(wanted, found, strict=True) if raw}

    async def totals(self) -> Totals:
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(f"{self._prefix}total")
            pipe.hgetall(f"{self._prefix}times")
            raw, times = await pipe.execute()
        return Totals(_table(raw), _histograms(times, "total"), _histograms(times, "first"))


def _table(raw: Mapping[bytes, bytes]) -> dict[Row, Sums]:
    """Rows of nothing but taken-back attempts are left out. A newer version may write sums that are unknown here."""
    found = {_row(name.decode()): _sums(sums) for name, sums in raw.items()}
    return {row: sums for row, sums in found.items() if sums != Sums()}


def _row(name: str) -> Row:
    return Row(*name.split(_SEPARATOR))


def _sums(stored: bytes) -> Sums:
    return Sums(*map(int, stored.split()[:_SUMS]))


def _histograms(times: Mapping[bytes, bytes], kind: str) -> dict[Row, Histogram]:
    found: dict[Row, Histogram] = {}
    for name, attempts in times.items():
        row, of, bucket = name.decode().rsplit(_SEPARATOR, 2)
        if of == kind:
            found.setdefault(_row(row), Histogram()).counts[int(bucket)] += int(attempts)
    return found
