"""How a batch goes on, live: on a terminal a few lines that change, elsewhere a line now and then."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from ...routing.cost_cap import usd
from ...tasks.batch import BatchStatus
from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ...tasks.fleet_state import NodeReport

_EVERY_S = 0.5
_LINE_EVERY_S = 10.0


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of a batch. running: jobs that a provider works on now. eta_s: None until something has ended."""

    status: BatchStatus
    running: int
    elapsed_s: float
    eta_s: float | None
    notice: str = ""


def view_of(status: BatchStatus, *, nodes: Collection[NodeReport], elapsed_s: float, done_before: int) -> View:
    """nodes: the living ones of the whole fleet. done_before: jobs that had ended when the display began."""
    done, busy = status.done - done_before, sum(node.busy for node in nodes)
    left = status.total - status.done
    eta_s = elapsed_s * left / done if done > 0 else None
    return View(status, min(busy, status.in_flight), elapsed_s, eta_s, _nobody(nodes))


def _nobody(nodes: Collection[NodeReport]) -> str:
    """Why no worker takes jobs, empty if one does."""
    if not nodes:
        return "no worker runs"
    whys = {node.provider: node.unavailable for node in nodes}
    told = "; ".join(f"{provider}: {why}" for provider, why in sorted(whys.items()))
    return f"nobody takes jobs now: {told}" if all(node.unavailable for node in nodes) else ""


@asynccontextmanager
async def live_progress(client: AsyncClient, batch: Callable[[], str], console: Console) -> AsyncGenerator[None]:
    """Show a batch while the block runs. batch: its id, empty as long as there is none."""
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        task = asyncio.create_task(_show(client, batch, live))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            live.update(Text())


async def _show(client: AsyncClient, batch: Callable[[], str], live: Live) -> None:
    started = time.monotonic()
    done_before: int | None = None
    last: View | None = None
    next_line = started + _LINE_EVERY_S
    while True:
        if batch():
            try:
                status = await client.batch_status(batch())
                nodes = (await client.snapshot()).living
            except FleetUnavailable as away:
                last = last and View(last.status, 0, last.elapsed_s, None, str(away))
            else:
                done_before = status.done if done_before is None else done_before
                elapsed_s = time.monotonic() - started
                last = view_of(status, nodes=nodes, elapsed_s=elapsed_s, done_before=done_before)
        if last is not None:
            live.update(rendered(last))
            if not live.console.is_terminal and time.monotonic() >= next_line:
                next_line += _LINE_EVERY_S
                live.console.print(in_one_line(last), markup=False)
        await asyncio.sleep(_EVERY_S)


def rendered(view: View) -> RenderableType:
    """The lines on a terminal."""
    status = view.status
    head = Table.grid(padding=(0, 2))
    counted = f"{status.done:,}/{status.total:,}" + ("" if status.sealed else "+")
    bar = ProgressBar(total=max(status.total, 1), completed=status.done, width=40)
    head.add_row(bar, counted, f"{view.running:,} running", _unanswered(status), _eta(view))
    facts = Table.grid(padding=(0, 2))
    facts.add_row(tokens(status), cost(status), providers(status))
    return Group(head, facts, *([Text(view.notice, style="yellow")] if view.notice else []))


def in_one_line(view: View) -> str:
    status = view.status
    parts = [f"{status.done:,} of {status.total:,} done", f"{view.running:,} running", _unanswered(status), _eta(view)]
    return ", ".join(part for part in [*parts, providers(status), tokens(status), cost(status), view.notice] if part)


def _unanswered(status: BatchStatus) -> str:
    """Those that failed, were cancelled or came too late."""
    return f"{status.without_answer:,} without answer" if status.without_answer else ""


def _eta(view: View) -> str:
    return "" if view.eta_s is None else f"{duration(view.eta_s)} left"


def providers(status: BatchStatus) -> str:
    """How many answers came from whom, the busiest first."""
    ranked = sorted(status.by_provider.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {count:,}" for name, count in ranked)


def tokens(status: BatchStatus) -> str:
    return f"{status.input_tokens:,} tokens in, {status.output_tokens:,} out"


def cost(status: BatchStatus) -> str:
    """What is known of the cost; an unknown price is no zero."""
    parts = [usd(status.cost_usd) if status.cost_usd < 1 else f"${status.cost_usd:,.2f}"]
    if status.unpriced:
        parts.append(f"{status.unpriced:,} calls of unknown cost")
    if status.lost_calls:
        parts.append(f"{status.lost_calls:,} calls that were lost with their workers")
    return " and ".join(parts)


def duration(seconds: float) -> str:
    """`42 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
