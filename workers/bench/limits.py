"""How much of a provider's limits a fleet uses, and how often it is refused, beside what people use instead.

Four worker processes and one provider, the simulator, which enforces requests and tokens a minute strictly, in each of
the three ways in which providers count. The others have simulators of their own, with the same limits, at that time.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import aiohttp
import yaml
from pydantic import SecretStr

from ...routing.lanes import Priority
from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ...tasks.job import JobSpec
from ..fleet.roster import fleet_command
from ..simulator.windows import WindowType
from .limit_peers import Backoff, Cookbook, Door
from .observed import observed
from .sizes import ANSWERS, requests
from .submit import Tell

WINDOWS: tuple[WindowType, ...] = get_args(WindowType)
_PROVIDER = "sim"
_WORKERS = 4
_SLOTS = 16
_LATENCY = "lognormal:0.6,0.3"
#: Seconds from the first answer until the measurement begins.
_RAMP_S = 5.0
_STARTS_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class LimitsOptions:
    """rpm, tpm: what the provider allows. seconds: measured, for each of the ways of counting, `windows`."""

    rpm: int = 600
    tpm: int = 60_000
    seconds: float = 300.0
    windows: tuple[WindowType, ...] = WINDOWS

    @property
    def jobs(self) -> int:
        """More than can be made."""
        return int(self.rpm / 60 * (self.seconds + _RAMP_S + _STARTS_WITHIN_S)) + self.rpm


@dataclass(frozen=True, slots=True)
class Use:
    """used: of what the tighter of the two limits allows, 0 to 1. refused: calls."""

    used: float
    refused: int

    def to_json(self) -> dict[str, float]:
        return {"used": round(self.used, 4), "refused": self.refused}


@dataclass(frozen=True, slots=True)
class LimitsResult:
    """By way of counting: of the fleet, and of each peer."""

    options: LimitsOptions
    fleet: dict[str, Use]
    peers: dict[str, dict[str, Use]]

    def ratio(self, peer: str, window: str) -> float | None:
        """How many times the peer's use the fleet's is."""
        theirs = self.peers[peer][window].used
        return self.fleet[window].used / theirs if theirs else None

    def to_json(self) -> dict[str, object]:
        peers = {
            name: {window: {**use.to_json(), "ratio": _rounded(self.ratio(name, window))} for window, use in by.items()}
            for name, by in self.peers.items()
        }
        windows = {window: use.to_json() for window, use in self.fleet.items()}
        options = self.options
        told = {"seconds": options.seconds, "rpm": options.rpm, "tpm": options.tpm, "workers": _WORKERS}
        return {"windows": windows, "peers": peers, **told}


async def measure_limits(redis_url: SecretStr, folder: Path, tell: Tell, options: LimitsOptions) -> LimitsResult:
    """Measure each way of counting in turn. redis_url: of a server of its own. folder: for a configuration.

    Raises FleetUnavailable if a process does not run as it should; none is left behind in any case.
    """
    fleet, peers = dict[str, Use](), dict[str, dict[str, Use]]()
    async with aiohttp.ClientSession() as http:
        for window in options.windows:
            bench = _Bench(redis_url, folder, options, window, http)
            found = await bench.run()
            fleet[window] = found.pop("fleet")
            for name, use in found.items():
                peers.setdefault(name, {})[window] = use
            told = ", ".join(f"{name} {use.used:.1%}" for name, use in found.items())
            tell(f"{window}: {fleet[window].used:.1%} used, {fleet[window].refused} refused; {told}")
    return LimitsResult(options, fleet, peers)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a simulator has answered and refused by a time of a steady clock."""

    at_s: float
    answers: int
    tokens: int
    refused: int


@dataclass(frozen=True, slots=True)
class _Bench:
    redis_url: SecretStr
    folder: Path
    options: LimitsOptions
    window: WindowType
    http: aiohttp.ClientSession

    async def run(self) -> dict[str, Use]:
        """The use by `fleet` and by each peer."""
        async with AsyncExitStack() as stack:
            urls = {
                name: await stack.enter_async_context(self._simulator()) for name in ("fleet", "cookbook", "backoff")
            }
            client = await stack.enter_async_context(AsyncClient(self.redis_url))
            await client.redis.flushall()
            await client.submit_batch(self._jobs())
            for number in range(_WORKERS):
                await stack.enter_async_context(self._worker(urls["fleet"], number))
            cookbook = Cookbook(Door(self.http, urls["cookbook"]), self.options.rpm, self.options.tpm)
            await stack.enter_async_context(_in_background(cookbook.run))
            await stack.enter_async_context(_in_background(Backoff(Door(self.http, urls["backoff"])).run))
            await self._first_answer(urls["fleet"])
            await asyncio.sleep(_RAMP_S)
            before = {name: await self._look(url) for name, url in urls.items()}
            await asyncio.sleep(self.options.seconds)
            return {name: self._use(before[name], await self._look(url)) for name, url in urls.items()}

    def _jobs(self) -> list[JobSpec]:
        return [JobSpec(request=each, priority=Priority.BATCH) for each in requests(self.options.jobs)]

    @asynccontextmanager
    async def _simulator(self) -> AsyncGenerator[str]:
        options = self.options
        command = fleet_command(
            *("simulate", "--port", "0", "--latency", _LATENCY, "--answer-tokens", ANSWERS),
            *("--rpm", str(options.rpm), "--tpm", str(options.tpm), "--window", self.window),
        )
        async with observed("the simulator", command, {}) as simulator:
            yield (await simulator.line_with("listening on ")).split()[-1]

    @asynccontextmanager
    async def _worker(self, url: str, number: int) -> AsyncGenerator[None]:
        limits = {
            "requests_per_minute": self.options.rpm,
            "tokens_per_minute": self.options.tpm,
            "concurrency": _WORKERS * _SLOTS,
        }
        provider: dict[str, Any] = {
            "type": "simulated",
            "tier": "hosted",
            "base_url": url,
            "default_model": "sim-chat",
            "limits": limits,
        }
        file = self.folder / "fleet.yaml"
        file.write_text(yaml.safe_dump({"providers": {_PROVIDER: provider}}))
        command = fleet_command(
            *("worker", "--provider", _PROVIDER, "--slots", str(_SLOTS), "--config", str(file)),
            *("--node", f"worker-{number}@here", "--grace", "0", "--no-events"),
        )
        env = {"FLEET_REDIS_URL": self.redis_url.get_secret_value(), "FLEET_LOG_LEVEL": "warning"}
        async with observed(f"worker {number}", command, env):
            yield

    async def _first_answer(self, url: str) -> None:
        for _ in range(int(_STARTS_WITHIN_S / _LOOK_EVERY_S)):
            if (await self._stats(url))["complete"]:
                return
            await asyncio.sleep(_LOOK_EVERY_S)
        raise FleetUnavailable(f"no job was done within {_STARTS_WITHIN_S:.0f} s")

    async def _look(self, url: str) -> _Look:
        began = time.monotonic()
        stats = await self._stats(url)
        return _Look((began + time.monotonic()) / 2, stats["complete"], _tokens(stats), stats["refused"])

    async def _stats(self, url: str) -> dict[str, Any]:
        async with self.http.get(f"{url}/_sim/stats") as response:
            stats: dict[str, Any] = await response.json()
            return stats

    def _use(self, before: _Look, after: _Look) -> Use:
        """Refusals count from the beginning, use while it is measured."""
        minutes = (after.at_s - before.at_s) / 60
        tokens, answers = after.tokens - before.tokens, after.answers - before.answers
        used = max(tokens / (self.options.tpm * minutes), answers / (self.options.rpm * minutes))
        return Use(used, after.refused)


@asynccontextmanager
async def _in_background(work: Callable[[], Any]) -> AsyncGenerator[None]:
    task = asyncio.create_task(work())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


def _tokens(stats: dict[str, Any]) -> int:
    return int(stats["prompt_tokens"]) + int(stats["completion_tokens"])


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 3)
