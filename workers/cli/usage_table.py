"""The report of what calls came to, for people and for programs."""

from collections.abc import Callable
from typing import Any

from rich.markup import escape
from rich.table import Table

from ...tasks.job import UNSEEN
from ...tasks.usage import Sums
from ...tasks.usage_report import Line, Report

#: Kinds of tokens, in disjoint buckets, by the heading of their column. Those beside the first and third are shown if
#: there are any.
_TOKENS: dict[str, Callable[[Sums], int]] = {
    "input": lambda sums: sums.input_tokens,
    "cached": lambda sums: sums.cached_read_tokens,
    "written to cache": lambda sums: sums.cache_write_tokens,
    "output": lambda sums: sums.output_tokens,
    "reasoning": lambda sums: sums.reasoning_tokens,
}
_ALWAYS = ("input", "output")
_FROM = {
    "receipt": "by receipts",
    "table": "by price lists",
    "estimate": "estimated",
    "local": "on servers of your own",
    "cache": "for answers given again",
}


def usage_table(report: Report) -> Table:
    kinds = {name: of for name, of in _TOKENS.items() if name in _ALWAYS or of(report.total.sums)}
    table = Table(*report.by, box=None, pad_edge=False)
    for heading in ("calls", "succeeded", "fallbacks", *kinds, "cost USD", "call", "first token", "waited"):
        table.add_column(heading, justify="right")
    for line in report.lines:
        table.add_row(*map(escape, line.names), *_cells(line, kinds.values()))
    if len(report.lines) > 1:
        table.add_section()
        table.add_row("total", *[""] * (len(report.by) - 1), *_cells(report.total, kinds.values()), style="bold")
    return table


def _cells(line: Line, kinds: Any) -> list[str]:
    sums = line.sums
    times = (sums.mean_total_s, sums.mean_first_token_s, sums.mean_queue_wait_s)
    return [
        f"{sums.calls:,}",
        _share(line.succeeded / sums.calls if sums.calls else None),
        _share(sums.fallback_rate),
        *(f"{of(sums):,}" for of in kinds),
        _money(sums),
        *("" if seconds is None else f"{seconds:.2f} s" for seconds in times),
    ]


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _money(sums: Sums) -> str:
    if sums.cost_usd is None:
        return "unknown"
    return _usd(sums.cost_usd) + (" + ?" if sums.unpriced else "")


def _usd(amount: float) -> str:
    """Small amounts with more decimals: a call often costs less than a hundredth of a cent."""
    return "0" if amount == 0 else f"{amount:,.6f}" if amount < 1 else f"{amount:,.2f}"


def provenance(report: Report) -> str:
    """Whose word the costs are, in one line; empty if nothing was bought."""
    found = [
        f"{_usd(sums.cost_usd)} {_FROM[source]}"
        for source, sums in sorted(report.by_source.items())
        if source in _FROM and sums.cost_usd is not None
    ]
    unseen = report.by_source.get(UNSEEN, Sums())
    if unpriced := report.total.sums.unpriced - unseen.unpriced:
        answers = "answer has" if unpriced == 1 else "answers have"
        found.append(f"{unpriced:,} {answers} no known price (`fleet models prices` shows what is known)")
    if unseen.calls:
        found.append(_lost(unseen))
    return f"cost: {'; '.join(found)}" if found else ""


def _lost(unseen: Sums) -> str:
    """Of calls that may be billed, though nobody has seen their answers."""
    calls = f"{unseen.calls:,} {'call was' if unseen.calls == 1 else 'calls were'} sent and got no answer"
    return f"{calls}: billed or not, budgets count {_usd(unseen.presumed_usd)}"


def usage_fields(report: Report) -> dict[str, Any]:
    return {
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "by": report.by,
        "rows": [dict(zip(report.by, line.names, strict=True)) | _fields(line) for line in report.lines],
        "total": _fields(report.total),
        "cost_usd_by_source": {source: sums.cost_usd for source, sums in report.by_source.items() if source in _FROM},
    }


def _fields(line: Line) -> dict[str, Any]:
    return {"calls": line.sums.calls, "succeeded": line.succeeded} | sum_fields(line.sums)


def sum_fields(sums: Sums) -> dict[str, Any]:
    """All but the calls. Times are means in seconds, None of nothing; the cost is None if it is unknown.

    unpriced_calls: whose cost nobody knows. presumed_usd: what budgets count for those of them that got no answer.
    fallbacks: calls of jobs that another target had failed. fallback_rate: their share of the calls.
    """
    return {
        "input_tokens": sums.input_tokens,
        "cached_read_tokens": sums.cached_read_tokens,
        "cache_write_tokens": sums.cache_write_tokens,
        "output_tokens": sums.output_tokens,
        "reasoning_tokens": sums.reasoning_tokens,
        "cost_usd": sums.cost_usd,
        "unpriced_calls": sums.unpriced,
        "presumed_usd": sums.presumed_usd,
        "fallbacks": sums.fallbacks,
        "fallback_rate": sums.fallback_rate,
        "call_s": sums.mean_total_s,
        "first_token_s": sums.mean_first_token_s,
        "queue_wait_s": sums.mean_queue_wait_s,
    }
