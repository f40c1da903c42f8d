"""What a job has been through, for people."""

from collections.abc import Callable, Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from ...tasks.job import Attempt, Job
from ...tasks.job_wait import JobWait

_FACTS = ("state", "task_type", "complexity", "lane", "queue", "agent", "batch", "custom_id", "put_back", "reason")


def facts_table(job: Job, wait: JobWait | None) -> Table:
    """A row for each fact there is. wait: what the job waits for."""
    facts = {name.replace("_", " "): getattr(job, name) for name in _FACTS} | {"waits": wait or ""}
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in facts.items():
        if value:
            table.add_row(f"[bold]{name}[/]", escape(str(value)))
    return table


def attempt_table(attempts: Sequence[Attempt], *, since: int) -> Table:
    """A row for each attempt, without columns that none of them fills.

    since: the record's; what comes after a replay of the job has a line between.
    """
    before = max((entry.epoch for entry in attempts if entry.epoch <= since), default=None)
    rows = [(entry, {heading: of(entry) for heading, of in _COLUMNS.items()}) for entry in attempts]
    headings = [heading for heading in _COLUMNS if any(cells[heading] for _, cells in rows)]
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        # On a narrow screen names go on in the next line; half a name is of no use.
        table.add_column(heading, no_wrap=heading in _SHORT, overflow="fold")
    for entry, cells in rows:
        table.add_row(*(escape(cells[heading]) for heading in headings))
        if entry.epoch == before:
            table.add_row(*("─" * len(heading) for heading in headings), style="dim")
    return table


def _tokens(entry: Attempt) -> str:
    return f"{entry.input_tokens}/{entry.output_tokens}" if entry.input_tokens or entry.output_tokens else ""


def _span(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f} s"


def _cost(entry: Attempt) -> str:
    """With whose word it is: the provider's receipt, a price table, an estimate, or that the server is one's own."""
    if entry.cost_usd is None and entry.presumed_usd is not None:
        return f"unknown (counted as {entry.presumed_usd:.6f})"
    if entry.cost_usd is None:
        return "unknown" if entry.bought else ""
    return f"{entry.cost_usd:.6f} ({entry.cost_source})"


_COLUMNS: Mapping[str, Callable[[Attempt], str]] = {
    "": lambda entry: str(entry.number),
    "target": lambda entry: entry.served_by,
    "outcome": lambda entry: entry.outcome,
    "waited": lambda entry: _span(entry.queue_wait_s),
    "first token": lambda entry: _span(entry.first_token_s),
    "call": lambda entry: _span(entry.total_s),
    "tokens in/out": _tokens,
    "cost USD": _cost,
    "message": lambda entry: entry.message,
}
_SHORT = frozenset({"", "waited", "call"})
