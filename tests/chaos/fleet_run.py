"""One run of a fleet: the load is handed in wave by wave, the schedule strikes, and then the accounts are made."""

import asyncio
import itertools
import json
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from workfleet.tasks.client import AsyncClient

from ..e2e.fleet import Fleet, Worker, until
from .accounting import Account, account, resumption
from .crew import Crew, Post
from .evidence import gather
from .faults import Fault
from .grounds import PROVIDERS, Grounds, Provider, grounds_of
from .link import Link
from .load import HandedIn, Wave, hand_in, is_poison, waves
from .on_jobs import OnJobs
from .on_providers import OnProviders
from .on_redis import OnRedis
from .on_workers import OnWorkers
from .playing import Progress, Tell, play
from .provider import ASKER_HEADER
from .recovery import Claims, Recovery, recovery, until_called
from .schedule import Size, make_schedule
from .striker import LOOK_EVERY_S, UNREACHED, Striker
from .visits import read_visits

_CLOCKS = Path(__file__).parent / "clocks"

#: The clock of the second worker of each pool is so wrong, and that of the third the other way.
_SKEW_S = 7200.0

_PATIENCE_S = 120.0
_STUCK_S = 90.0
#: A job in the middle of a commit is at rest a moment later.
_REST_S = 12.0
_DISMISSED_S = 30.0
#: For each worker: those that start together share what the machine has.
_COMES_UP_S = 15.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is to be. The same plan strikes the same faults at the same shares of the same load.

    poison: jobs that kill whoever runs them. hands: workers of each provider. slots: calls at the same time of each.
    latency_s: of an answer, a distribution as `fleet simulate` has it.
    """

    jobs: int
    size: Size
    seed: int = 1
    poison: int = 3
    hands: int = 4
    slots: int = 4
    latency_s: str = "lognormal:0.35,0.5"

    @property
    def wave(self) -> int:
        """Jobs that are handed in together."""
        return max(50, min(1500, self.jobs // 6))


@dataclass(frozen=True, slots=True)
class Result:
    """recovery: from the kill of a job's owner to its next claim; called: to its next call. struck, missed: strikes by
    fault. poison_kills: workers killed for running a poisonous job. resumed_s: seconds after which workers called again
    once Redis was back, in order. exits: codes of the workers at the end. ended_alone: those that ended by themselves.
    """

    plan: Plan
    account: Account
    recovery: Recovery
    called: Recovery
    struck: Mapping[Fault, int]
    missed: Mapping[Fault, int]
    poison_kills: int
    took_s: float
    resumed_s: Sequence[float]
    exits: Sequence[int]
    ended_alone: Sequence[str]

    @property
    def worker_kills(self) -> int:
        return self.struck.get(Fault.KILL_WORKER, 0) + self.poison_kills

    @property
    def redis_kills(self) -> int:
        return self.struck.get(Fault.KILL_REDIS, 0)


#: Wide enough for everything: what is reserved under them must come back whatever strikes.
LIMITS = {
    "concurrency": 1000,
    "requests_per_minute": 1_000_000,
    "tokens_per_minute": 1_000_000_000,
    "tokens_per_day": 1_000_000_000,
}


async def run_fleet(plan: Plan, folder: Path, tell: Tell) -> Result:
    """tell: called a few times a second."""
    async with _scene(plan, folder) as scene:
        progress = await _play(scene, tell)
        exits = await scene.crew.dismiss(within_s=_DISMISSED_S)
        evidence = await gather(scene.client, scene.handed_in)
        visits = read_visits(each.log for each in scene.grounds.providers.values())
        troubles = scene.crew.troubles
    _write_down(folder / "strikes.jsonl", [*troubles, *scene.claims.orphans, *scene.on_redis.outages])
    return Result(
        plan=plan,
        account=account(scene.handed_in.names, evidence, visits, troubles, scene.on_redis.outages),
        recovery=recovery(scene.claims.took_s),
        called=recovery(until_called(scene.claims.orphans, visits)),
        struck=dict(scene.striker.struck),
        missed=dict(scene.striker.missed),
        poison_kills=scene.poison_kills,
        took_s=progress.took_s,
        resumed_s=resumption(scene.on_redis.outages, visits, troubles),
        exits=exits,
        ended_alone=[trouble.worker for trouble in troubles if trouble.what == "ended"],
    )


@dataclass(slots=True)
class _Scene:
    plan: Plan
    grounds: Grounds
    client: AsyncClient
    crew: Crew
    claims: Claims
    on_workers: OnWorkers
    on_redis: OnRedis
    striker: Striker
    handed_in: HandedIn = field(default_factory=HandedIn)
    poison_kills: int = 0


@asynccontextmanager
async def _scene(plan: Plan, folder: Path) -> AsyncGenerator[_Scene]:
    """Everything runs; the workers have come up."""
    async with AsyncExitStack() as stack:
        grounds = await stack.enter_async_context(grounds_of(folder, plan.latency_s))
        (folder / "fleet.yaml").write_text(json.dumps(_configuration(grounds.providers)))
        client = await stack.enter_async_context(AsyncClient(grounds.redis.url, wait_for_redis_s=_PATIENCE_S))
        fleet = Fleet(folder, grounds.redis, {}, client)
        crew = Crew(_launcher(fleet, plan.slots), _reporting(fleet))
        stack.push_async_callback(crew.close)
        links = {name: await stack.enter_async_context(Link(grounds.redis_port)) for name in PROVIDERS}
        crew.man([_post(name, at, links[name]) for name in PROVIDERS for at in range(plan.hands)])
        on_redis = OnRedis(grounds.redis, client.redis)
        claims = Claims(client)
        on_workers = OnWorkers(crew, on_redis.away, claims.note)
        on_providers = OnProviders(tuple(grounds.providers.values()))
        parts = (on_redis, on_workers, OnJobs(client), on_providers)
        striker = Striker({fault: way for part in parts for fault, way in part.ways.items()})
        workers = len(PROVIDERS) * plan.hands
        await until(lambda: _all_are_up(crew, workers), within_s=workers * _COMES_UP_S)
        yield _Scene(plan, grounds, client, crew, claims, on_workers, on_redis, striker)


async def _all_are_up(crew: Crew, number: int) -> bool:
    return len(await crew.up()) == number


def _configuration(providers: Mapping[str, Provider]) -> Mapping[str, Any]:
    told = {
        name: {
            "type": "simulated",
            "base_url": provider.url,
            "default_model": "sim-chat",
            "headers": {ASKER_HEADER: "${CHAOS_WORKER}"},
            "timeouts": {"first_token_s": 3, "idle_s": 3, "total_s": 6},
            "limits": LIMITS,
        }
        for name, provider in providers.items()
    }
    return {"providers": told, "strategy": "round_robin", "retry": {"max_attempts": 8}}


def _post(provider: str, number: int, link: Link) -> Post:
    skews = {1: _SKEW_S, 2: -_SKEW_S}
    return Post(provider, skew_s=skews.get(number, 0.0), link=link if number == 0 else None)


def _launcher(fleet: Fleet, slots: int) -> Any:
    numbers = itertools.count(1)

    async def launch(post: Post) -> Worker:
        node = f"{post.provider}@{next(numbers)}"
        env = {"CHAOS_WORKER": node}
        if post.link is not None:
            env["FLEET_REDIS_URL"] = post.link.url
        if post.skew_s:
            env |= {"CHAOS_SKEW_S": str(post.skew_s), "PYTHONPATH": str(_CLOCKS)}
        return await fleet.launch(post.provider, "--slots", str(slots), "--grace", "1", "--no-events", node=node, **env)

    return launch


def _reporting(fleet: Fleet) -> Any:
    async def living(_: Sequence[Worker]) -> set[str]:
        return set(await fleet.nodes())

    return living


async def _play(scene: _Scene, tell: Tell) -> Progress:
    plan = scene.plan
    progress = Progress("workfleet", plan.jobs)
    load = waves(plan.seed, plan.jobs, size=plan.wave, poison=plan.poison, providers=PROVIDERS)
    hunting = asyncio.create_task(_hunt_poison(scene))
    watching = asyncio.create_task(scene.claims.watch())
    handing_in = asyncio.create_task(_hand_in(scene, load, progress))

    async def look() -> None:
        with suppress(*UNREACHED):
            counts = await scene.client.redis.hgetall(scene.client.store.key("count"))
            progress.saw(sum(int(count) for count in counts.values()))
            progress.up = len(await scene.crew.up())
        progress.handed_in = len(scene.handed_in.ids)
        progress.done = handing_in.done() and progress.ended >= plan.jobs

    try:
        await play(make_schedule(plan.seed, plan.size), scene.striker, progress, look, tell, stuck_s=_STUCK_S)
        await _rest(scene)
    finally:
        for task in (hunting, watching, handing_in):
            task.cancel()
        await asyncio.gather(hunting, watching, handing_in, return_exceptions=True)
    return progress


async def _hand_in(scene: _Scene, load: Iterator[Wave], progress: Progress) -> None:
    """A wave at a time, so that handing in happens under faults too."""
    for number, wave in enumerate(load):
        while progress.ended < (number - 1) * scene.plan.wave:
            await asyncio.sleep(LOOK_EVERY_S)
        await hand_in(scene.client, wave, scene.handed_in)


async def _hunt_poison(scene: _Scene) -> None:
    """Kill whoever runs a poisonous job, each time."""
    store = scene.client.store
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        with suppress(*UNREACHED):
            for job_id in [job_id for name, job_id in scene.handed_in.ids.items() if is_poison(name)]:
                state, owner = await store.redis.hmget(store.key("job", job_id), "state", "owner")
                for hand in [hand for hand in scene.crew.hands if hand.node.encode() == owner and not hand.doomed]:
                    if state == b"running":
                        scene.poison_kills += 1
                        await scene.on_workers.kill(hand)


async def _rest(scene: _Scene) -> None:
    """Until nothing runs any more, or for a while."""
    store, until_s = scene.client.store, time.monotonic() + _REST_S
    while time.monotonic() < until_s and await store.redis.zcard(store.key("leases")):
        await asyncio.sleep(LOOK_EVERY_S)


def _write_down(file: Path, events: Sequence[Any]) -> None:
    """For who wants to know why."""
    file.write_text("".join(json.dumps({"kind": type(each).__name__, **asdict(each)}) + "\n" for each in events))
