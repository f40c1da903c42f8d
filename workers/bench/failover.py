"""What a dead provider costs: how soon its jobs are at the next one, what is lost, and how soon it is used again.

Two providers in processes of their own, a worker for each, and a route on which the second takes jobs only while the
first takes none; or on which both do, and what falls back has to wait for a slot. In the middle of the jobs the first
is killed, hangs, or answers 500.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from pydantic import SecretStr

from ...routing.lanes import Priority
from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ...tasks.job import JobSpec
from ...tasks.request import Message, Request
from ..embedded.config import free_port
from ..fleet.roster import fleet_command
from .failover_cost import Cost, cost_of
from .observed import Observed, observed
from .prompts import messages, prompts
from .submit import Tell

#: What strikes the first provider: its name here, and that of the simulator's fault; None kills its process.
FAULTS: dict[str, str | None] = {"killed": None, "hanging": "hang", "errors": "http-500"}

_FIRST, _SECOND = "first", "second"
_FIRST_TOKEN_S = 0.05
_TOKENS, _TOKEN_RATE = 60, 400.0
#: Seconds without a first token, after which a provider that hangs is given up.
_GIVEN_UP_S = 1.0
_STARTS_WITHIN_S = 60.0
_ENDS_WITHIN_S = 120.0
_BACK_WITHIN_S = 120.0
_LOOK_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class FailoverOptions:
    """jobs: of each run. slots: calls at the same time, of each provider. shared: both take jobs all along.

    faults: some of `FAULTS`.
    """

    jobs: int = 600
    slots: int = 16
    shared: bool = False
    faults: tuple[str, ...] = tuple(FAULTS)


@dataclass(frozen=True, slots=True)
class FailoverResult:
    """undisturbed_s: the makespan of as many jobs without a fault. faults: by name."""

    options: FailoverOptions
    undisturbed_s: float
    faults: dict[str, Cost]

    def to_json(self) -> dict[str, object]:
        return {
            "faults": {name: cost.to_json() for name, cost in self.faults.items()},
            "undisturbed_s": round(self.undisturbed_s, 3),
            "jobs": self.options.jobs,
            "slots": self.options.slots,
            "shared": self.options.shared,
            "given_up_s": _GIVEN_UP_S,
        }


async def measure_failover(redis_url: SecretStr, folder: Path, tell: Tell, options: FailoverOptions) -> FailoverResult:
    """Measure each fault in turn. redis_url: of a server of its own. folder: for a configuration.

    Raises FleetUnavailable if a process does not run as it should; none is left behind in any case.
    """
    async with AsyncClient(redis_url) as client, aiohttp.ClientSession() as http, AsyncExitStack() as stack:
        providers = {name: await stack.enter_async_context(_provider(name, http)) for name in (_FIRST, _SECOND)}
        bench = _Bench(redis_url, folder, options, client, providers)
        for name in providers:
            await stack.enter_async_context(bench.worker(name))
        await bench.until_up()
        for name in (_SECOND, _FIRST):
            await bench.until_answering(name, within_s=_STARTS_WITHIN_S, chain=(name,))
        undisturbed_s = await bench.undisturbed()
        tell(f"undisturbed: {options.jobs} jobs in {undisturbed_s:.1f} s")
        faults = dict[str, Cost]()
        for name in options.faults:
            cost = faults[name] = await bench.struck(name, undisturbed_s)
            tell(f"{name}: p99 {cost.switch_p99_ms:.0f} ms, {cost.lost} lost, back after {cost.back_s:.1f} s")
        return FailoverResult(options, undisturbed_s, faults)


@dataclass(slots=True)
class _Provider:
    """A simulator on a fixed port, so that it can come back where it was."""

    name: str
    http: aiohttp.ClientSession
    port: int = field(default_factory=free_port)
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _process: Observed | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        command = fleet_command(
            *("simulate", "--port", str(self.port), "--first-token", str(_FIRST_TOKEN_S)),
            *("--answer-tokens", str(_TOKENS), "--token-rate", str(_TOKEN_RATE)),
        )
        self._process = await self._stack.enter_async_context(observed(f"the {self.name} provider", command, {}))
        await self._process.line_with("listening on ")

    async def strike(self, fault: str | None) -> None:
        if fault is not None:
            await self._admin("POST", {"name": fault})
        elif self._process is not None:
            await self._process.kill()

    async def mend(self, fault: str | None) -> None:
        if fault is not None:
            await self._admin("DELETE", None)
        else:
            await self.end()
            await self.start()

    async def _admin(self, method: str, body: object) -> None:
        async with self.http.request(method, f"{self.url}/_sim/faults", json=body) as response:
            response.raise_for_status()

    async def end(self) -> None:
        await self._stack.aclose()


@asynccontextmanager
async def _provider(name: str, http: aiohttp.ClientSession) -> AsyncGenerator[_Provider]:
    provider = _Provider(name, http)
    try:
        await provider.start()
        yield provider
    finally:
        await provider.end()


@dataclass(frozen=True, slots=True)
class _Bench:
    redis_url: SecretStr
    folder: Path
    options: FailoverOptions
    client: AsyncClient
    providers: dict[str, _Provider]

    @asynccontextmanager
    async def worker(self, name: str) -> AsyncGenerator[None]:
        written: dict[str, Any] = {
            each.name: {
                "type": "simulated",
                "base_url": each.url,
                "default_model": "sim-chat",
                "timeouts": {"first_token_s": _GIVEN_UP_S},
            }
            for each in self.providers.values()
        }
        strategy = "round_robin" if self.options.shared else "priority"
        route = {"chain": [_FIRST, _SECOND], "strategy": strategy, "spill_after_s": "never"}
        file = self.folder / "fleet.yaml"
        file.write_text(yaml.safe_dump({"providers": written, "routes": {"default": route}}))
        command = fleet_command(
            *("worker", "--provider", name, "--slots", str(self.options.slots), "--config", str(file)),
            *("--grace", "0", "--no-events"),
        )
        env = {"FLEET_REDIS_URL": self.redis_url.get_secret_value(), "FLEET_LOG_LEVEL": "error"}
        async with observed(f"the worker of the {name} provider", command, env):
            yield

    async def until_up(self) -> None:
        """Wait until both workers take jobs."""
        deadline = time.monotonic() + _STARTS_WITHIN_S
        while {node.provider for node in (await self.client.snapshot()).living} != {_FIRST, _SECOND}:
            if time.monotonic() > deadline:
                raise FleetUnavailable(f"the workers did not start within {_STARTS_WITHIN_S:.0f} s")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def until_answering(self, provider: str, *, within_s: float, chain: tuple[str, ...] = ()) -> float:
        """Hand in one job after the other until a provider answers one; seconds from now until then."""
        began = time.monotonic()
        while (now := time.monotonic()) - began < within_s:
            outcome = await self.client.wait(await self.client.submit(next(_specs(1, chain))), timeout_s=within_s)
            if outcome.answer is not None and outcome.answer.provider == provider:
                return now - began
        raise FleetUnavailable(f"the {provider} provider took no job within {within_s:.0f} s")

    async def undisturbed(self) -> float:
        began = time.monotonic()
        await self._until(await self._submit(), self.options.jobs)
        return time.monotonic() - began

    async def struck(self, name: str, undisturbed_s: float) -> Cost:
        """Strike the first provider when a third of the jobs is done."""
        fault, first = FAULTS[name], self.providers[_FIRST]
        began, batch = time.monotonic(), await self._submit()
        await self._until(batch, self.options.jobs // 3)
        await first.strike(fault)
        struck_at = time.time()
        await self._until(batch, self.options.jobs)
        makespan_s = time.monotonic() - began
        outcomes = [outcome async for _, outcome, _ in self.client.outcomes(batch)]
        ledgers = [await self.client.attempts(outcome.job_id) for outcome in outcomes]
        await first.mend(fault)
        return cost_of(
            ledgers,
            dead=_FIRST,
            struck_at=struck_at,
            lost=self.options.jobs - sum(outcome.answer is not None for outcome in outcomes),
            makespan_ratio=makespan_s / undisturbed_s,
            back_s=await self.until_answering(_FIRST, within_s=_BACK_WITHIN_S),
        )

    async def _submit(self) -> str:
        return await self.client.submit_batch(_specs(self.options.jobs))

    async def _until(self, batch: str, done: int) -> None:
        deadline = time.monotonic() + _ENDS_WITHIN_S
        while (found := (await self.client.batch_status(batch)).done) < done:
            if time.monotonic() > deadline:
                raise FleetUnavailable(f"only {found} of {done} jobs were done within {_ENDS_WITHIN_S:.0f} s")
            await asyncio.sleep(_LOOK_EVERY_S)


def _specs(count: int, chain: tuple[str, ...] = ()) -> Iterator[JobSpec]:
    for prompt in prompts(count):
        asked = tuple(Message.model_validate(message) for message in messages(prompt))
        request = Request(messages=asked, max_tokens=512, stream=True)
        yield JobSpec(request=request, priority=Priority.BATCH, chain=chain)
