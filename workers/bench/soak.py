"""How available a fleet is whose providers fail again and again: each at its own times, and in every way.

Jobs come at a steady rate, which one provider alone can serve; who is well takes those of who is not.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

from pydantic import SecretStr

from ...tasks.client import AsyncClient
from ...tasks.job import JobSpec
from ...tasks.request import Request, ResponseFormat
from .breakable import Provider, Setup, breakable_fleet
from .outages import BLOWS, Outage, outages
from .soak_account import SoakAccount, Struck

#: What is asked for, and reached with any luck: the share of jobs that succeed.
GOAL = 0.999

_GIVEN_UP_S = 1.0
#: Seconds that a job may take, from submission; many times as long as any outage.
_DEADLINE_S = 120.0
#: Seconds after its deadline by which a job must have a final state.
_ENDS_WITHIN_S = 15.0
#: Every third job wants JSON; the others stream prose.
_JSON_EVERY = 3
_LOOK_EVERY_S = 0.25
_SCHEMA = {"type": "object", "properties": {"change": {"type": "string"}}, "required": ["change"]}


@dataclass(frozen=True, slots=True)
class SoakOptions:
    """providers: how many. rate: jobs a second. slots: calls at the same time, of each provider."""

    seconds: float = 120.0
    providers: int = 3
    rate: float = 20.0
    slots: int = 8
    seed: int = 1

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"provider-{number}" for number in range(1, self.providers + 1))


@dataclass(frozen=True, slots=True)
class SoakResult:
    options: SoakOptions
    account: SoakAccount

    def to_json(self) -> dict[str, object]:
        return {**self.account.to_json(), "goal": GOAL, "options": asdict(self.options)}

    @property
    def kept(self) -> bool:
        """Whether the goal was reached, and nothing was lost or paid for twice."""
        account = self.account
        return account.availability >= GOAL and not account.lost and not account.bought_twice


#: Told a few times a second how the run stands: seconds since it began, the account so far, who is struck by what.
Watch = Callable[[float, SoakAccount, dict[str, str]], None]


async def soak(
    redis_url: SecretStr, folder: Path, watch: Watch, options: SoakOptions, enough: asyncio.Event
) -> SoakResult:
    """Run it. redis_url: of a server of its own. folder: for a configuration. enough: set, nothing more begins.

    Raises FleetUnavailable if a process does not run as it should; none is left behind in any case.
    """
    setup = Setup(options.names, options.slots, {"strategy": "round_robin"}, _GIVEN_UP_S)
    async with AsyncClient(redis_url) as client, breakable_fleet(redis_url, folder, client, setup) as providers:
        run = _Run(options, client, providers, SoakAccount.of(options.names), enough)
        try:
            return await run.play(watch)
        except BaseExceptionGroup as failed:
            raise _first(failed) from None


def _first(failed: BaseException) -> BaseException:
    """Of errors of tasks, the one that ended the others."""
    if not isinstance(failed, BaseExceptionGroup):
        return failed
    return _first(cast("BaseExceptionGroup[BaseException]", failed).exceptions[0])


@dataclass(slots=True)
class _Run:
    options: SoakOptions
    client: AsyncClient
    providers: dict[str, Provider]
    account: SoakAccount
    enough: asyncio.Event
    out: dict[str, str] = field(default_factory=dict[str, str])
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    struck: list[Struck] = field(default_factory=list[Struck])
    began: float = field(default_factory=time.monotonic)

    async def play(self, watch: Watch) -> SoakResult:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._tell(watch))
            async with asyncio.TaskGroup() as work:
                for outage in outages(self.options.seed, self.options.seconds, self.options.names):
                    work.create_task(self._strike(outage))
                await self._hand_in(work)
            watching.cancel()
        self.account.struck(self.struck)
        return SoakResult(self.options, self.account)

    async def _tell(self, watch: Watch) -> None:
        while True:
            watch(time.monotonic() - self.began, self.account, self.out)
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _goes_on_at(self, at_s: float) -> bool:
        """Whether the run goes on when it has lasted so long; waits for it."""
        try:
            async with asyncio.timeout(max(0.0, self.began + at_s - time.monotonic())):
                await self.enough.wait()
        except TimeoutError:
            return True
        return False

    async def _strike(self, outage: Outage) -> None:
        provider, blow = self.providers[outage.provider], BLOWS[outage.what]
        if not await self._goes_on_at(outage.at_s):
            return
        # One that was killed may take longer to start again than it was to be well.
        async with self.locks[outage.provider]:
            self.out[outage.provider], began = outage.what, time.time()
            await provider.strike(blow)
            await self._goes_on_at(outage.ends_s)
            await provider.mend(blow)
            self.struck.append(Struck(outage.provider, outage.what, began, time.time()))
            del self.out[outage.provider]

    async def _hand_in(self, work: asyncio.TaskGroup) -> None:
        """One job after the other, as fast as they are to come."""
        number = 0
        while (at_s := number / self.options.rate) < self.options.seconds and await self._goes_on_at(at_s):
            work.create_task(self._job(number))
            number += 1

    async def _job(self, number: int) -> None:
        handed_in = time.monotonic()
        job_id = await self.client.submit(_spec(number))
        self.account.submitted += 1
        try:
            outcome = await self.client.wait(job_id, timeout_s=_DEADLINE_S + _ENDS_WITHIN_S)
        except TimeoutError:
            self.account.lost += 1
            return
        took_s = time.monotonic() - handed_in
        self.account.add(outcome, await self.client.attempts(job_id), took_s=took_s)


def _spec(number: int) -> JobSpec:
    prompt = f"Say in two sentences what change {number} does."
    if number % _JSON_EVERY:
        return JobSpec.from_prompt(prompt, max_tokens=512, stream=True, deadline_s=_DEADLINE_S)
    shape = ResponseFormat.model_validate({"type": "json_schema", "json_schema": {"name": "change", "schema": _SCHEMA}})
    return JobSpec(
        request=Request.from_prompt(prompt, max_tokens=512, response_format=shape), judge="json", deadline_s=_DEADLINE_S
    )
