"""What attempts of some days came to, as people ask for it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from .usage import By, Sums, Table, grouped


@dataclass(frozen=True, slots=True)
class Line:
    """names: one for each of what it is asked by. succeeded: of its calls."""

    names: tuple[str, ...]
    sums: Sums
    succeeded: int


@dataclass(frozen=True, slots=True)
class Report:
    """since, until: days in UTC, both included. by_source: where the costs are from -> what came to them."""

    since: date
    until: date
    by: tuple[By, ...]
    lines: tuple[Line, ...]
    total: Line
    by_source: Mapping[str, Sums]


def report(days: Mapping[str, Table], by: Sequence[By], *, since: date, until: date) -> Report:
    """days: YYYY-MM-DD -> table, as UsageBooks.days has them."""
    good = {
        day: {row: sums for row, sums in table.items() if row.outcome == "succeeded"} for day, table in days.items()
    }
    succeeded = {names: sums.calls for names, sums in grouped(good, by).items()}
    lines = [Line(names, sums, succeeded.get(names, 0)) for names, sums in grouped(days, by).items()]
    total = grouped(days, ()).get((), Sums())
    return Report(
        since,
        until,
        tuple(by),
        tuple(lines),
        Line((), total, sum(succeeded.values())),
        {source: sums for (source,), sums in grouped(days, ["source"]).items()},
    )
