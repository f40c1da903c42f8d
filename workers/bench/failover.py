"""What a dead provider costs: how soon its jobs are at the next one, what is lost, and how soon it is used again.

Two providers in processes of their own, a worker for each, and a route on which the second takes jobs only while the
first takes none; or on which both do, and what falls back has to wait for a slot. In the middle of the jobs the first
is killed, hangs, or answers 500.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ...routing.lanes import Priority
from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ...tasks.job import JobSpec
from .breakable import STARTS_WITHIN_S, Blow, Provider, Setup, breakable_fleet
from .failover_cost import Cost, cost_of
from .submit import Tell

#: What strikes the first provider.
FAULTS: dict[str, Blow] = {"killed": Blow(None), "hanging": Blow("hang"), "errors": Blow("http-500")}

_FIRST, _SECOND = "first", "second"
#: Seconds without a first token, after which a provider that hangs is given up.
_GIVEN_UP_S = 1.0
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
    setup = Setup((_FIRST, _SECOND), options.slots, _route(options), _GIVEN_UP_S)
    async with AsyncClient(redis_url) as client, breakable_fleet(redis_url, folder, client, setup) as providers:
        bench = _Bench(options, client, providers[_FIRST])
        for name in (_SECOND, _FIRST):
            await bench.until_answering(name, within_s=STARTS_WITHIN_S, chain=(name,))
        undisturbed_s = await bench.undisturbed()
        tell(f"undisturbed: {options.jobs} jobs in {undisturbed_s:.1f} s")
        faults = dict[str, Cost]()
        for name in options.faults:
            cost = faults[name] = await bench.struck(name, undisturbed_s)
            tell(f"{name}: p99 {cost.switch_p99_ms:.0f} ms, {cost.lost} lost, back after {cost.back_s:.1f} s")
        return FailoverResult(options, undisturbed_s, faults)


def _route(options: FailoverOptions) -> dict[str, str]:
    return {"strategy": "round_robin" if options.shared else "priority", "spill_after_s": "never"}


@dataclass(frozen=True, slots=True)
class _Bench:
    options: FailoverOptions
    client: AsyncClient
    first: Provider

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
        blow = FAULTS[name]
        began, batch = time.monotonic(), await self._submit()
        await self._until(batch, self.options.jobs // 3)
        await self.first.strike(blow)
        struck_at = time.time()
        await self._until(batch, self.options.jobs)
        makespan_s = time.monotonic() - began
        outcomes = [outcome async for _, outcome, _ in self.client.outcomes(batch)]
        ledgers = [await self.client.attempts(outcome.job_id) for outcome in outcomes]
        await self.first.mend(blow)
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


def _specs(jobs: int, chain: tuple[str, ...] = ()) -> Iterator[JobSpec]:
    """Questions that are answered in prose, and so in as many tokens as the providers are told."""
    for number in range(jobs):
        prompt = f"Say in two sentences what change {number} does."
        yield JobSpec.from_prompt(prompt, max_tokens=512, priority=Priority.BATCH, chain=chain, stream=True)
