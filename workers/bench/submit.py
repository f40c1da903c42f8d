"""How fast a file of jobs is handed in, beside plain Celery's `apply_async` in a loop on the same server.

Both are measured in turns, so that whatever else the machine does hits both, and the medians of all turns are compared.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import redis
from celery import Celery
from pydantic import SecretStr

from ...routing.directory import ChainLink, Directory, ProviderFacts, Route
from ...tasks.batch import DEFAULT_WINDOW
from ...tasks.batch_background import create_batch
from ...tasks.batch_progress import RunProgress
from ...tasks.batch_submit import LineOptions
from ...tasks.client import AsyncClient
from .prompts import prompts, write_batch_file

#: Of all jobs, how many are handed in with a batch's usual window, and how many by `apply_async`.
_WINDOWED, _APPLIED = 5, 20
_MOST_APPLIED = 5_000
_LEAST = 100

_LOOK_EVERY_S = 0.05
_SCANNED = 5_000

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn, each a second: jobs, all published; jobs with the usual window; `apply_async` of tasks with results, as
    jobs have them; the same of tasks without. And the bytes that memory grew by.
    """

    published: float
    windowed: float
    applied: float
    applied_bare: float
    grown_bytes: int


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What the turns found. jobs: of one file; all of them are published in every turn."""

    jobs: int
    turns: tuple[Turn, ...]

    @property
    def jobs_per_s(self) -> float:
        return median(turn.published for turn in self.turns)

    @property
    def windowed_per_s(self) -> float:
        return median(turn.windowed for turn in self.turns)

    @property
    def apply_async_per_s(self) -> float:
        return median(turn.applied for turn in self.turns)

    @property
    def apply_async_bare_per_s(self) -> float:
        return median(turn.applied_bare for turn in self.turns)

    @property
    def ratio(self) -> float:
        return self.jobs_per_s / self.apply_async_per_s

    @property
    def rss_mb(self) -> float:
        """The most by which this process grew while it handed in a file."""
        return max(turn.grown_bytes for turn in self.turns) / 1e6

    def to_json(self) -> dict[str, float]:
        return {
            "jobs_per_s": round(self.jobs_per_s, 1),
            "apply_async_per_s": round(self.apply_async_per_s, 1),
            "ratio": round(self.ratio, 2),
            "rss_mb": round(self.rss_mb, 1),
            "apply_async_without_results_per_s": round(self.apply_async_bare_per_s, 1),
            "default_window_jobs_per_s": round(self.windowed_per_s, 1),
            "jobs": self.jobs,
            "turns": len(self.turns),
        }


def measure_submit(redis_url: SecretStr, folder: Path, tell: Tell, *, jobs: int, turns: int) -> SubmitResult:
    """Hand in a file of so many jobs in each turn. folder: for the files.

    Everything is under names of its own in Redis, and removed. tell: is told how it goes.
    """
    whole, part = folder / "jobs.jsonl", folder / "part.jsonl"
    write_batch_file(whole, jobs)
    write_batch_file(part, max(_LEAST, jobs // _WINDOWED))
    applied = max(_LEAST, min(_MOST_APPLIED, jobs // _APPLIED))
    found: list[Turn] = []
    for number in range(1, turns + 1):
        with _place(redis_url) as place:
            published, grown = asyncio.run(_hand_in(place, whole, window=jobs))
        with _place(redis_url) as place:
            windowed, _ = asyncio.run(_hand_in(place, part, window=DEFAULT_WINDOW))
        with _place(redis_url) as place:
            one_by_one = _apply(place, applied, results=True)
        with _place(redis_url) as place:
            bare = _apply(place, applied, results=False)
        tell(f"turn {number} of {turns}: {published:,.0f} jobs/s, apply_async {one_by_one:,.0f}/s")
        found.append(Turn(published, windowed, one_by_one, bare, grown))
    return SubmitResult(jobs, tuple(found))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in Redis a turn leaves its jobs. name: the namespace, and the task type, whose queues are nobody else's."""

    redis_url: SecretStr
    name: str

    @property
    def directory(self) -> Directory:
        provider = ProviderFacts(name="bench", type="openai-compatible", default_model="any")
        route = Route(name="default", chain=(ChainLink(provider=provider.name),))
        return Directory(task_types=(self.name,), providers={provider.name: provider}, routes={route.name: route})


@contextmanager
def _place(redis_url: SecretStr) -> Generator[_Place]:
    """A place of its own, of which nothing is left."""
    place = _Place(redis_url, f"bench-{secrets.token_hex(4)}")
    try:
        yield place
    finally:
        with redis.Redis.from_url(redis_url.get_secret_value()) as client:
            for pattern in (f"{place.name}:*", f"{place.name}*", f"_kombu.binding.{place.name}*"):
                _remove(client, pattern)


def _remove(client: Any, pattern: str) -> None:
    cursor = None
    while cursor != 0:
        cursor, keys = client.scan(cursor or 0, match=pattern, count=_SCANNED)
        if keys:
            client.unlink(*keys)


async def _hand_in(place: _Place, file: Path, *, window: int) -> tuple[float, int]:
    """(jobs a second, bytes grown by) of the way that `fleet batch create` goes."""
    options = LineOptions(task_type=place.name)
    progress = RunProgress()
    async with AsyncClient(place.redis_url, directory=place.directory, namespace=place.name) as client:
        growth = asyncio.create_task(_growth())
        began = time.perf_counter()
        await create_batch(client, file, options, progress, window=window)
        took_s = time.perf_counter() - began
        growth.cancel()
        return progress.submitted / took_s, await growth


async def _growth() -> int:
    """By how many bytes this process grew at most until this is cancelled."""
    process = psutil.Process()
    before = most = process.memory_info().rss
    try:
        while True:
            most = max(most, process.memory_info().rss)
            await asyncio.sleep(_LOOK_EVERY_S)
    except asyncio.CancelledError:
        return max(most, process.memory_info().rss) - before


def _apply(place: _Place, count: int, *, results: bool) -> float:
    """Messages a second of a plain Celery application, the prompt as the task's argument.

    results: the caller can wait for them, as for a job's; Celery then subscribes to each as it publishes.
    """
    url = place.redis_url.get_secret_value()
    app = Celery("bench", broker=url, backend=url if results else None, set_as_current=False)
    app.conf.task_default_queue = place.name

    @app.task(name=f"{place.name}.ask", ignore_result=not results)
    def ask(prompt: str) -> None:
        del prompt

    first, *rest = prompts(count + 1)
    ask.apply_async((first,))  # connects
    began = time.perf_counter()
    for prompt in rest:
        ask.apply_async((prompt,))
    took_s = time.perf_counter() - began
    app.close()
    return count / took_s
