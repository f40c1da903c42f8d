"""How well a pool uses its slots, beside a bare asyncio client and beside plain Celery, against the same provider.

The provider is the simulator, in a process of its own, which takes the same time for every answer and refuses none.
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil
import yaml
from pydantic import SecretStr

from ...routing.lanes import Priority
from ...tasks.client import AsyncClient
from ...tasks.job import JobSpec
from ...tasks.request import Message, Request
from ..fleet.roster import fleet_command
from . import direct_client, plain_celery
from .observed import Observed, observed
from .prompts import messages, prompts
from .steady import Load, load_of
from .submit import Tell

#: Full rounds of all slots before a measurement begins.
_RAMP_ROUNDS = 3

#: Seconds for which there is work beyond those that are measured.
_SPARE_S = 20.0

_PROVIDER = "sim"
_ANSWER_TOKENS = 60


@dataclass(frozen=True, slots=True)
class SlotsOptions:
    """slots: calls at the same time. latency_s: of an answer. seconds: measured of the pool; half of it of the rest."""

    slots: int = 128
    latency_s: float = 0.5
    seconds: float = 30.0

    @property
    def most_jobs_per_s(self) -> float:
        return self.slots / self.latency_s

    @property
    def ramp(self) -> int:
        return self.slots * _RAMP_ROUNDS

    def jobs_for(self, seconds: float) -> int:
        """Enough for that time."""
        return int(self.most_jobs_per_s * (seconds + _SPARE_S)) + self.ramp


@dataclass(frozen=True, slots=True)
class SlotsResult:
    """pool: as `fleet worker` runs by default, with task events; without_events: the same without. simulator: the CPU
    that it used while the pool was measured, as a share of one core; machine: of the whole machine, 0 to 1.
    """

    options: SlotsOptions
    pool: Load
    without_events: Load
    direct: Load
    plain_celery: Load
    simulator: float
    machine: float

    def utilisation(self, load: Load) -> float:
        """The share of the slots that is at work, 0 to 1."""
        return load.jobs_per_s / self.options.most_jobs_per_s

    def to_json(self) -> dict[str, object]:
        return {
            "utilisation": round(self.utilisation(self.pool), 4),
            **self.pool.to_json(),
            "direct": self.direct.to_json(),
            "plain_celery": self.plain_celery.to_json(),
            "without_events": {
                "utilisation": round(self.utilisation(self.without_events), 4),
                **self.without_events.to_json(),
            },
            "simulator_core_share": round(self.simulator, 3),
            "machine_share": round(self.machine, 3),
            "slots": self.options.slots,
            "latency_s": self.options.latency_s,
            "seconds": self.options.seconds,
        }


async def measure_slots(redis_url: SecretStr, folder: Path, tell: Tell, options: SlotsOptions) -> SlotsResult:
    """Measure one after the other. redis_url: of a server of its own. folder: for a configuration. tell: is told how it
    goes. Raises FleetUnavailable if a process does not run as it should; none is left behind in any case.
    """
    command = fleet_command(
        "simulate", "--port", "0", "--latency", str(options.latency_s), "--answer-tokens", str(_ANSWER_TOKENS)
    )
    async with observed("the simulator", command, {}) as simulator, aiohttp.ClientSession() as http:
        url = (await simulator.line_with("listening on ")).split()[-1]
        bench = _Bench(redis_url, folder, tell, options, simulator, url, http)
        pool, used, machine = await bench.pool(events=True)
        without_events, *_ = await bench.pool(events=False)
        return SlotsResult(
            options, pool, without_events, await bench.direct(), await bench.plain_celery(), used, machine
        )


@dataclass(frozen=True, slots=True)
class _Bench:
    redis_url: SecretStr
    folder: Path
    tell: Tell
    options: SlotsOptions
    simulator: Observed
    provider_url: str
    http: aiohttp.ClientSession

    async def pool(self, *, events: bool) -> tuple[Load, float, float]:
        """(load, share of a core that the simulator used, share of the machine that was used)."""
        name = "a pool with task events" if events else "a pool without task events"
        seconds = self.options.seconds if events else self.options.seconds / 2
        file = self.folder / "fleet.yaml"
        provider = {"type": "simulated", "base_url": self.provider_url, "default_model": "sim-chat"}
        file.write_text(yaml.safe_dump({"providers": {_PROVIDER: provider}}))
        command = fleet_command(
            *("worker", "--provider", _PROVIDER, "--slots", str(self.options.slots), "--config", str(file)),
            *("--grace", "0", "--events" if events else "--no-events"),
        )
        env = {"FLEET_REDIS_URL": self.redis_url.get_secret_value(), "FLEET_LOG_LEVEL": "warning"}
        async with AsyncClient(self.redis_url) as client:
            batch = await client.submit_batch(_specs(self.options.jobs_for(seconds)))

            async def done() -> int:
                return (await client.batch_status(batch)).done

            async with observed(name, command, env) as worker:
                psutil.cpu_percent()
                before = await self.simulator.look(done)
                looks = await worker.looks(done, ramp=self.options.ramp, seconds=seconds)
                after = await self.simulator.look(done)
                machine = psutil.cpu_percent() / 100
            await client.redis.flushall()
        self._told(name, load := load_of(looks))
        return load, (after.cpu_s - before.cpu_s) / (after.at_s - before.at_s), machine

    async def direct(self) -> Load:
        return await self._answered("a bare asyncio client", direct_client.__name__)

    async def plain_celery(self) -> Load:
        await asyncio.to_thread(self._publish, self.options.jobs_for(self.options.seconds / 2))
        return await self._answered("plain Celery", plain_celery.__name__)

    def _publish(self, count: int) -> None:
        app = plain_celery.make_app(self.redis_url.get_secret_value())
        for prompt in prompts(count):
            app.send_task(plain_celery.TASK, (prompt,), ignore_result=True)
        app.close()

    async def _answered(self, name: str, module: str) -> Load:
        """The load of a program of its own, by the answers that the simulator gives it."""
        command = (sys.executable, "-P", "-m", module)
        env = {
            plain_celery.REDIS_URL: self.redis_url.get_secret_value(),
            plain_celery.PROVIDER_URL: self.provider_url,
            plain_celery.SLOTS: str(self.options.slots),
        }
        before = await self._answers()

        async def done() -> int:
            return await self._answers() - before

        async with observed(name, command, env) as child:
            looks = await child.looks(done, ramp=self.options.ramp, seconds=self.options.seconds / 2)
        self._told(name, load := load_of(looks))
        return load

    async def _answers(self) -> int:
        async with self.http.get(f"{self.provider_url}/_sim/stats") as response:
            return int((await response.json())["complete"])

    def _told(self, name: str, load: Load) -> None:
        self.tell(f"{name}: {load.jobs_per_s:.0f} jobs/s, {load.cpu_ms_per_job:.2f} ms of CPU a job")


def _specs(count: int) -> Iterator[JobSpec]:
    for prompt in prompts(count):
        asked = tuple(Message.model_validate(message) for message in messages(prompt))
        yield JobSpec(
            request=Request(messages=asked, max_tokens=512), task_type="test-generation", priority=Priority.BATCH
        )
