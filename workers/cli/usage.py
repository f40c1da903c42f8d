"""`fleet usage`: what calls came to."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from ...tasks.errors import UnknownName
from ...tasks.usage import By
from ...tasks.usage_books import UsageBooks
from ...tasks.usage_report import Report, report
from .console import err, out, whole
from .days import span
from .session import ConfigOption, JsonOption, fleet_client, run_async
from .usage_estimates import estimates
from .usage_export import export
from .usage_savings import saved
from .usage_table import provenance, usage_fields, usage_table

app = typer.Typer(name="usage")
app.command()(export)
app.command()(estimates)
app.command("savings")(saved)

_BY: dict[str, By] = {name: name for name in get_args(By)}

SinceOption = Annotated[str, typer.Option("--since", help="First day, in UTC: today, 7d, 2026-11-01.")]
UntilOption = Annotated[str, typer.Option("--until", help="Last day, in UTC.")]


@app.callback(invoke_without_command=True)
def usage(
    ctx: typer.Context,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            "-b",
            help=f"What to sum by: {', '.join(_BY)}. May be repeated; provider if not given.",
            show_default=False,
        ),
    ] = None,
    since: SinceOption = "30d",
    until: UntilOption = "today",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what calls came to: how many, their tokens, costs and times.

    Every call counts once, also one that failed or whose answer was refused. Tokens are in disjoint kinds. A cost that
    nobody knows is unknown, not 0. Times are means: of a call, to its first token, of its job's wait in the queue.
    Fallbacks are the share of the calls that were made because another target had failed the job.

    Examples:

      fleet usage

      fleet usage --by day --by provider --since 7d

      fleet usage --by task --by agent

      fleet usage --by agent --since 2026-11-01 --json

      fleet usage export --format prometheus

      fleet usage savings --baseline openai/gpt-4.1

      fleet usage estimates
    """
    if ctx.invoked_subcommand is not None:
        return
    found = run_async(_report(config, _chosen(by or ["provider"]), since, until))
    if as_json:
        out.print_json(data=usage_fields(found))
        return
    if not found.lines:
        err.print(f"no calls from {found.since} to {found.until} (UTC)")
        return
    whole.print(usage_table(found))
    err.print(f"from {found.since} to {found.until} (UTC); {provenance(found)}".removesuffix("; "), markup=False)


def _chosen(names: list[str]) -> list[By]:
    """Each once, in the order in which they were given; several may stand in one with commas between them."""
    wanted = [name.strip() for each in names for name in each.split(",")]
    for name in wanted:
        if name not in _BY:
            raise UnknownName("grouping", name, _BY)
    return list(dict.fromkeys(_BY[name] for name in wanted))


async def _report(config: Path | None, by: list[By], since: str, until: str) -> Report:
    async with fleet_client(config) as client:
        books = UsageBooks(client.redis, namespace=client.store.namespace)
        first, last = span(since, until, await books.today())
        return report(await books.days(first, last), by, since=first, until=last)
