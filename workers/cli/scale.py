"""`fleet scale`: the backlog beside what serves it, and how many hosts or slots a deadline needs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from ...routing.scaling import Plan, Pool, plan
from ...routing.waits import parse_wait
from ...tasks.errors import InvalidRequest
from ...tasks.health import ProviderHealth
from ...tasks.status import PoolStatus, read_status
from ..settings.load import load_settings
from ..settings.provider import ProviderSettings
from ..settings.schema import Settings
from .console import err, out
from .progress import duration
from .session import ConfigOption, JsonOption, fleet_client, run_async

_DEADLINE = "1h"


def scale(
    planned: Annotated[bool, typer.Option("--plan", help="Say what each provider would need.")] = False,
    deadline: Annotated[str, typer.Option(help="When all that waits is to be done: 90s, 30m, 2h.")] = _DEADLINE,
    jobs: Annotated[
        int | None, typer.Option(min=0, help="Jobs instead of those that wait and run now.", show_default=False)
    ] = None,
    answer: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds of an answer where none has been seen.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the backlog and how long it takes; with --plan, what each provider would need to be done by the deadline.

    The needs are alternatives: each says what is needed if that provider alone is scaled. Nothing is started.
    With --plan it ends with code 1 if what runs now does not suffice.

    Examples:

      fleet scale

      fleet scale --plan --deadline 30m

      fleet scale --plan --jobs 50000 --deadline 8h --answer 12 --json
    """
    deadline_s = parse_wait(deadline, now=0.0)
    if not deadline_s or deadline_s < 0:
        raise InvalidRequest(f"--deadline {deadline!r} is no time; say 90s, 30m or 2h")
    settings = load_settings(config, needed=())
    found = run_async(_planned(config, settings, deadline_s, jobs, answer))
    if as_json:
        out.print_json(data={**asdict(found), "enough": found.enough})
    else:
        _show(found, planned=planned)
    if planned and not found.enough:
        raise typer.Exit(1)


async def _planned(
    config: Path | None, settings: Settings, deadline_s: float, jobs: int | None, answer_s: float | None
) -> Plan:
    async with fleet_client(config) as client:
        status = await read_status(client.redis, namespace=client.store.namespace)
    backlog = status.unfinished if jobs is None else jobs
    stands = zip(status.pools, status.health, strict=True)
    pools = [_pool(pool, health, settings.providers.get(pool.provider), answer_s) for pool, health in stands]
    return plan(backlog, pools, deadline_s=deadline_s)


def _pool(
    stands: PoolStatus, health: ProviderHealth, configured: ProviderSettings | None, answer_s: float | None
) -> Pool:
    """A host that would join brings what one has now; without any, what is configured."""
    hosts = len(stands.living) if health.state == "takes jobs" else 0
    slots = health.slots if hosts else 0
    host_slots = slots // hosts if hosts else (configured.slots if configured else 0)
    if configured is not None and not configured.self_hosted:
        slots, host_slots = min(slots, configured.slots), 0
    return Pool(
        health.provider,
        slots=slots,
        hosts=hosts,
        host_slots=host_slots,
        answer_s=health.overall.total_s or answer_s,
        per_minute=_per_minute(health, configured),
    )


def _per_minute(health: ProviderHealth, configured: ProviderSettings | None) -> float | None:
    """What was set by hand wins over the configuration."""
    by_hand = health.control.requests_per_minute
    return by_hand or (configured.limits.requests_per_minute if configured else None)


def _show(found: Plan, *, planned: bool) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_row("backlog", f"{found.backlog:,} jobs")
    table.add_row("served now", f"{found.per_second_now:,.2f} a second")
    table.add_row("done in", "never, as it is" if found.done_in_s is None else duration(found.done_in_s))
    if planned:
        table.add_row("deadline", f"{duration(found.deadline_s)}, which takes {found.per_second_needed:,.2f} a second")
    out.print(table)
    if planned:
        out.print(_needs(found))
        err.print("each line is what is needed if that provider alone is scaled")


def _needs(found: Plan) -> Table:
    table = Table("provider", "slots", "hosts", "jobs a host by then", "", box=None, pad_edge=False, header_style="dim")
    for need in found.needs:
        numbers = (need.slots, need.hosts, need.jobs_per_host)
        table.add_row(need.provider, *("-" if each is None else f"{each:,}" for each in numbers), need.why_not)
    return table
