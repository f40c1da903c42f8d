"""How long a small agent's few jobs take behind another's many, beside the time that they take alone.

One simulated provider, one worker, and the same few jobs again and again: on their own, and while tens of thousands of
another agent wait; handed in as a batch, and as single jobs of somebody who waits for them.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import yaml
from pydantic import SecretStr

from ...routing.lanes import Priority
from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ...tasks.job import JobSpec
from ..fleet.roster import fleet_command
from .observed import observed
from .submit import Tell

_PROVIDER = "sim"
_STARTS_WITHIN_S = 60.0
_LOOK_EVERY_S = 0.01
#: Seconds between two turns of the small agent, in which no slot is where the turn before has left it.
_BETWEEN_S = 0.3
_ANSWER_S = 0.5


@dataclass(frozen=True, slots=True)
class FairnessOptions:
    """small, large: jobs of the two agents. turns: of the small one, alone and behind; the median counts."""

    small: int = 10
    large: int = 50_000
    slots: int = 16
    turns: int = 5


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds until the last of the small agent's jobs is done: medians."""

    alone_s: float
    behind_s: float

    @property
    def ratio(self) -> float:
        return self.behind_s / self.alone_s

    def to_json(self) -> dict[str, float]:
        return {
            "alone_s": round(self.alone_s, 3),
            "behind_s": round(self.behind_s, 3),
            "ratio": round(self.ratio, 3),
        }


@dataclass(frozen=True, slots=True)
class FairnessResult:
    """By the way in which both agents hand in their jobs."""

    options: FairnessOptions
    waits: dict[Priority, Wait]

    def to_json(self) -> dict[str, object]:
        options = self.options
        told = {"small": options.small, "large": options.large, "slots": options.slots, "turns": options.turns}
        return {"handed_in": {str(way): wait.to_json() for way, wait in self.waits.items()}, **told}


async def measure_fairness(redis_url: SecretStr, folder: Path, tell: Tell, options: FairnessOptions) -> FairnessResult:
    """redis_url: of a server of its own. folder: for a configuration.

    Raises FleetUnavailable if a process does not run as it should; none is left behind in any case.
    """
    waits = dict[Priority, Wait]()
    async with AsyncClient(redis_url) as client:
        for way in Priority:
            await client.redis.flushall()
            async with _fleet(redis_url, folder, options):
                waits[way] = await _Bench(client, options, way, tell).run()
            tell(
                f"{way}: {waits[way].alone_s:.2f} s alone, {waits[way].behind_s:.2f} s behind {options.large:,} others"
            )
    return FairnessResult(options, waits)


@dataclass(frozen=True, slots=True)
class _Bench:
    client: AsyncClient
    options: FairnessOptions
    way: Priority
    tell: Tell

    async def run(self) -> Wait:
        await self._until_first()
        alone = [await self._turn() for _ in range(self.options.turns)]
        self.tell(f"{self.way}: handing in {self.options.large:,} jobs of the large agent")
        await self._hand_in("large", self.options.large)
        behind = [await self._turn() for _ in range(self.options.turns)]
        return Wait(median(alone), median(behind))

    async def _until_first(self) -> None:
        async with asyncio.timeout(_STARTS_WITHIN_S):
            (first,) = await self._hand_in("small", 1)
            await self.client.result(first)

    async def _turn(self) -> float:
        """Seconds from the beginning of the submission until all have ended."""
        await asyncio.sleep(_BETWEEN_S)
        began = time.monotonic()
        ids = await self._hand_in("small", self.options.small)
        outcomes = await asyncio.gather(*map(self.client.wait, ids))
        if any(each.answer is None for each in outcomes):
            raise FleetUnavailable("some of the small agent's jobs were not answered")
        return time.monotonic() - began

    async def _hand_in(self, agent: str, count: int) -> list[str]:
        """In a batch, or as single jobs."""
        batch = await self.client.open_batch(agent=agent) if self.way is Priority.BATCH else ""
        specs = _specs(agent, count, self.way)
        return [job_id async for ids in self.client.submit_many(specs, batch=batch) for job_id in ids]


@asynccontextmanager
async def _fleet(redis_url: SecretStr, folder: Path, options: FairnessOptions) -> AsyncGenerator[None]:
    async with AsyncExitStack() as stack:
        simulate = fleet_command("simulate", "--port", "0", "--latency", str(_ANSWER_S), "--answer-tokens", "30")
        simulator = await stack.enter_async_context(observed("the simulator", simulate, {}))
        url = (await simulator.line_with("listening on ")).split()[-1]
        provider = {"type": "simulated", "base_url": url, "default_model": "sim-chat", "slots": options.slots}
        file = folder / "fleet.yaml"
        file.write_text(yaml.safe_dump({"providers": {_PROVIDER: provider}}))
        worker = fleet_command("worker", "--provider", _PROVIDER, "--config", str(file), "--grace", "0", "--no-events")
        env = {"FLEET_REDIS_URL": redis_url.get_secret_value(), "FLEET_LOG_LEVEL": "error"}
        await stack.enter_async_context(observed("the worker", worker, env))
        yield


def _specs(agent: str, count: int, priority: Priority) -> Iterator[JobSpec]:
    for number in range(count):
        yield JobSpec.from_prompt(f"Say in a sentence what {number} is.", agent=agent, priority=priority, max_tokens=30)
