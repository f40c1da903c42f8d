"""Who takes what, what it costs and how long it takes, where a local pool, a free tier and a paid API are in one fleet.

Each is a simulator of its own, with a worker of its own, and is measured under each strategy and mode with the same
jobs. Beside it: the least makespan that is possible for those targets, and the least that it costs.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, get_args

import aiohttp
import yaml
from pydantic import SecretStr

from ...routing.directory import STRATEGIES, Mode, Strategy
from ...routing.lanes import Priority
from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ...tasks.job import JobSpec
from ..fleet.roster import fleet_command
from .mix_optimum import Optimum, Server, optimum
from .observed import observed
from .submit import Tell

MODES: tuple[Mode, ...] = get_args(Mode)
_PLAIN_STRATEGY: tuple[Strategy, ...] = ("priority",)
_PLAIN_MODE: tuple[Mode, ...] = ("any",)

#: Follows a batch, for people, while a block runs.
Watch = Callable[[AsyncClient, Callable[[], str]], AbstractAsyncContextManager[None]]

#: What answers vary by: sigma of the logarithm of their seconds, whose mean is 2% above the median then.
_SIGMA = 0.2
_MEAN_TO_MEDIAN = 1.0202
_UNCUT_TOKENS = 150
#: What a job wants at most, and what answers are cut to. Only they are paid for, so that every one costs the same.
_TOKENS = 60
_USD_PER_MTOK = 10.0
_FREE_RPM = 30
_STARTS_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.05

#: In the order in which `priority` has them. The free tier's slots are more than its limit lets it use.
SERVERS: dict[str, Server] = {
    "local": Server(slots=4, answer_s=0.3),
    "free": Server(slots=16, answer_s=0.5, per_minute=_FREE_RPM),
    "paid": Server(slots=24, answer_s=0.7, usd=_TOKENS * _USD_PER_MTOK / 1e6),
}
_TIERS = {"local": "local", "free": "free", "paid": "hosted"}
_QUALITY = {"local": 0.5, "free": 0.6, "paid": 0.9}

#: Who may take jobs in a mode. Said here once more, and not asked of what is measured.
ADMITTED: dict[Mode, frozenset[str]] = {
    "any": frozenset(SERVERS),
    "local_first": frozenset(SERVERS),
    "hosted": frozenset({"free", "paid"}),
    "free_only": frozenset({"local", "free"}),
    "offline": frozenset({"local"}),
}


@dataclass(frozen=True, slots=True)
class MixOptions:
    """jobs: of each run. spill_after_s: None is never. strategies, modes: each with each; empty is all of the other's.

    If both are empty: each strategy without a mode, and each mode with `priority`.
    """

    jobs: int = 2000
    spill_after_s: float | None = 1.0
    strategies: tuple[Strategy, ...] = ()
    modes: tuple[Mode, ...] = ()

    def pairs(self) -> list[tuple[Strategy, Mode]]:
        if self.strategies or self.modes:
            return list(product(self.strategies or _PLAIN_STRATEGY, self.modes or _PLAIN_MODE))
        others: tuple[Mode, ...] = tuple(mode for mode in MODES if mode not in _PLAIN_MODE)
        return [*product(STRATEGIES, _PLAIN_MODE), *product(_PLAIN_STRATEGY, others)]


@dataclass(frozen=True, slots=True)
class MixRun:
    """taken: answers by provider. unanswered: jobs that ended otherwise. refused: calls, by the simulators.

    trespassed: answers by targets that the mode does not admit.
    """

    strategy: Strategy
    mode: Mode
    taken: dict[str, int]
    unanswered: int
    refused: int
    cost_usd: float
    makespan_s: float
    best: Optimum

    @property
    def of_optimum(self) -> float:
        """How near the makespan is to the least possible one, 0 to 1."""
        return self.best.makespan_s / self.makespan_s

    @property
    def times_least_cost(self) -> float | None:
        """What it cost, by the least that the least makespan costs; None where that is nothing."""
        return self.cost_usd / self.best.cost_usd if self.best.cost_usd else None

    @property
    def trespassed(self) -> int:
        return sum(count for name, count in self.taken.items() if name not in ADMITTED[self.mode])

    def to_json(self) -> dict[str, object]:
        return {
            "strategy": self.strategy,
            "mode": self.mode,
            "taken": self.taken,
            "cost_usd": round(self.cost_usd, 4),
            "makespan_s": round(self.makespan_s, 2),
            "of_optimum": round(self.of_optimum, 3),
            "times_least_cost": None if self.times_least_cost is None else round(self.times_least_cost, 3),
            "optimum": {
                "taken": self.best.taken,
                "cost_usd": round(self.best.cost_usd, 4),
                "makespan_s": round(self.best.makespan_s, 2),
            },
            "unanswered": self.unanswered,
            "refused": self.refused,
            "trespassed": self.trespassed,
        }


@dataclass(frozen=True, slots=True)
class MixResult:
    options: MixOptions
    runs: tuple[MixRun, ...]

    def to_json(self) -> dict[str, object]:
        servers = {
            name: {"slots": each.slots, "answer_s": each.answer_s, "usd": each.usd, "rpm": each.per_minute}
            for name, each in SERVERS.items()
        }
        options = self.options
        told = {"jobs": options.jobs, "spill_after_s": options.spill_after_s, "targets": servers}
        return {"runs": [run.to_json() for run in self.runs], **told}


async def measure_mix(redis_url: SecretStr, folder: Path, tell: Tell, watch: Watch, options: MixOptions) -> MixResult:
    """Measure one strategy and mode after the other. redis_url: of a server of its own. folder: for a configuration.

    Raises FleetUnavailable if a process does not run as it should; none is left behind in any case.
    """
    runs = list[MixRun]()
    async with AsyncClient(redis_url) as client, aiohttp.ClientSession() as http:
        for strategy, mode in options.pairs():
            await client.redis.flushall()
            run = await _Bench(redis_url, folder, watch, options, client, http, strategy, mode).run()
            runs.append(run)
            tell(f"{strategy}, {mode}: {run.makespan_s:.1f} s, {run.of_optimum:.0%} of the optimum, {run.taken}")
    return MixResult(options, tuple(runs))


@dataclass(frozen=True, slots=True)
class _Bench:
    redis_url: SecretStr
    folder: Path
    watch: Watch
    options: MixOptions
    client: AsyncClient
    http: aiohttp.ClientSession
    strategy: Strategy
    mode: Mode

    async def run(self) -> MixRun:
        admitted = [name for name in SERVERS if name in ADMITTED[self.mode]]
        async with AsyncExitStack() as stack:
            urls = {name: await stack.enter_async_context(_simulator(name)) for name in SERVERS}
            file = self._configured(urls)
            for name in admitted:
                await stack.enter_async_context(self._worker(name, file))
            await self._until_up(admitted)
            began = time.monotonic()
            batch = await self.client.submit_batch(_specs(self.options.jobs))
            async with self.watch(self.client, lambda: batch):
                await self._until_done(batch)
            makespan_s = time.monotonic() - began
            refused = [await self._refused(url) for url in urls.values()]
        status = await self.client.batch_status(batch)
        return MixRun(
            self.strategy,
            self.mode,
            taken={name: status.by_provider.get(name, 0) for name in SERVERS},
            unanswered=status.without_answer,
            refused=sum(refused),
            cost_usd=status.cost_usd,
            makespan_s=makespan_s,
            best=optimum(self.options.jobs, {name: SERVERS[name] for name in admitted}),
        )

    def _configured(self, urls: dict[str, str]) -> Path:
        """A file with all three, whatever the mode is: it must keep out by itself who has no place in it."""
        spill = "never" if self.options.spill_after_s is None else self.options.spill_after_s
        providers = {name: _provider(name, url, rank) for rank, (name, url) in enumerate(urls.items(), start=1)}
        file = self.folder / "fleet.yaml"
        said = {"strategy": self.strategy, "mode": self.mode, "spill_after_s": spill, "providers": providers}
        file.write_text(yaml.safe_dump(said))
        return file

    @asynccontextmanager
    async def _worker(self, name: str, file: Path) -> AsyncGenerator[None]:
        command = fleet_command("worker", "--provider", name, "--config", str(file), "--grace", "0", "--no-events")
        env = {"FLEET_REDIS_URL": self.redis_url.get_secret_value(), "FLEET_LOG_LEVEL": "error"}
        async with observed(f"the worker of {name}", command, env):
            yield

    async def _until_up(self, names: list[str]) -> None:
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while {node.provider for node in (await self.client.snapshot()).living if node.unavailable is None} != {*names}:
            if time.monotonic() > deadline:
                raise FleetUnavailable(f"the workers did not start within {_STARTS_WITHIN_S:.0f} s")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _until_done(self, batch: str) -> None:
        """Or until nothing has ended for far longer than any answer takes."""
        done, moved_at = 0, time.monotonic()
        while (status := await self.client.batch_status(batch)).done < status.total:
            if status.done > done:
                done, moved_at = status.done, time.monotonic()
            elif time.monotonic() - moved_at > _STARTS_WITHIN_S:
                raise FleetUnavailable(f"only {done} of {status.total} jobs were done, and for long no other one")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _refused(self, url: str) -> int:
        async with self.http.get(f"{url}/_sim/stats") as response:
            return int((await response.json())["refused"])


def _provider(name: str, url: str, priority: int) -> dict[str, Any]:
    server, price = SERVERS[name], _USD_PER_MTOK if SERVERS[name].usd else 0.0
    return {
        "type": "simulated",
        "tier": _TIERS[name],
        "base_url": url,
        "priority": priority,
        "slots": server.slots,
        "default_model": "sim-chat",
        "models": [{"name": "sim-chat", "quality": _QUALITY[name]}],
        "prices": {"input_usd_per_mtok": 0.0, "output_usd_per_mtok": price},
        **({"limits": {"requests_per_minute": server.per_minute}} if server.per_minute else {}),
    }


@asynccontextmanager
async def _simulator(name: str) -> AsyncGenerator[str]:
    server = SERVERS[name]
    limit = () if server.per_minute is None else ("--rpm", str(server.per_minute), "--window", "sliding")
    command = fleet_command(
        *("simulate", "--port", "0", "--latency", f"lognormal:{server.answer_s / _MEAN_TO_MEDIAN:.4f},{_SIGMA}"),
        *("--answer-tokens", str(_UNCUT_TOKENS), "--slots", str(server.slots), *limit),
    )
    async with observed(f"the simulator of {name}", command, {}) as simulator:
        yield (await simulator.line_with("listening on ")).split()[-1]


def _specs(count: int) -> Iterator[JobSpec]:
    for number in range(count):
        prompt = f"Say in two sentences what change {number} does."
        yield JobSpec.from_prompt(prompt, max_tokens=_TOKENS, priority=Priority.BATCH)
