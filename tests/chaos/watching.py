"""Shows how a run stands: a table that changes on a terminal, else a line now and then."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.table import Table

from .faults import Fault
from .playing import Progress

_LINE_EVERY_S = 10.0


class Watcher:
    """Call it with the progress; it shows it as often as it makes sense."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._next_line_at = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if self._live is not None:
            self._live.update(_table(progress), refresh=True)
        elif now >= self._next_line_at or progress.done:
            self._next_line_at = now + _LINE_EVERY_S
            facts = ", ".join(f"{name} {value}" for name, value in _facts(progress).items())
            self._console.print(f"{progress.name}: {facts}", markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()


def _facts(progress: Progress) -> dict[str, str]:
    kills, redis = progress.struck.get(Fault.KILL_WORKER, 0), progress.struck.get(Fault.KILL_REDIS, 0)
    return {
        "seconds": f"{time.monotonic() - progress.began:.0f}",
        "handed in": f"{progress.handed_in:,}",
        "ended": f"{progress.ended:,} of {progress.jobs:,}",
        "workers up": str(progress.up),
        "worker kills": str(kills),
        "Redis kills": str(redis),
        "other faults": str(sum(progress.struck.values()) - kills - redis),
    }


def _table(progress: Progress) -> Table:
    facts = _facts(progress)
    table = Table("", *facts, box=None, pad_edge=False)
    table.add_row(progress.name, *facts.values())
    return table
