"""A job's states: whatever script meets a job in whatever state, it changes only as it may."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from importlib import resources

import pytest

from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import TRANSITIONS, Attempt, JobSpec, JobState
from workfleet.tasks.results import Outcome
from workfleet.tasks.store import Claimed, Store

LANE = "general.simple"
ANSWERED = Answer(text="ok")


async def claimed(store: Store, job_id: str, *, lease_s: float = 3600) -> Claimed:
    found = await store.claim(job_id, owner="one@here", lease_s=lease_s)
    assert isinstance(found, Claimed)
    return found


async def job_in(client: AsyncClient, state: JobState) -> str:
    """A job that has come into this state on a way of its own."""
    store = client.store
    job_id = await client.submit(JobSpec.from_prompt("hi", complexity=1))
    match state:
        case JobState.QUEUED:
            return job_id
        case JobState.EXPIRED:
            await store.redis.hset(store.key("job", job_id), "deadline", 1)
            await store.end_waiting([job_id], JobState.EXPIRED, "late")
            return job_id
        case JobState.CANCELLED:
            await client.cancel(job_id)
            return job_id
        case _:
            mine = await claimed(store, job_id)
    match state:
        case JobState.RUNNING:
            pass
        case JobState.SNOOZED:
            await store.put_back(mine.job, LANE, wait_s=3600)
        case JobState.SUCCEEDED:
            await store.finish(mine.job, Outcome(job_id, state, ANSWERED))
        case JobState.FAILED:
            await store.finish(mine.job, Outcome(job_id, state, error="no"))
    return job_id


Step = Callable[[Store, str], Awaitable[object]]


async def claim(store: Store, job_id: str) -> None:
    await store.claim(job_id, owner="two@here", lease_s=3600)


async def renew(store: Store, job_id: str) -> None:
    await store.renew([(job_id, 1)], lease_s=3600)


def finish(state: JobState) -> Step:
    async def step(store: Store, job_id: str) -> None:
        job = await store.job(job_id)
        assert job is not None
        await store.finish(job, Outcome(job_id, state, ANSWERED if state is JobState.SUCCEEDED else None, "no"))

    return step


def put_back(wait_s: float) -> Step:
    async def step(store: Store, job_id: str) -> None:
        job = await store.job(job_id)
        assert job is not None
        await store.put_back(job, "provider.two", wait_s=wait_s)

    return step


def end_waiting(state: JobState, *, overdue: bool = False) -> Step:
    async def step(store: Store, job_id: str) -> None:
        if overdue:
            await store.redis.hset(store.key("job", job_id), "deadline", 1)
        await store.end_waiting([job_id], state, "no")

    return step


def rescue(deaths: int) -> Step:
    async def step(store: Store, job_id: str) -> None:
        # As if every clock had run out, and as if other traces of the job had stayed behind.
        await store.redis.zadd(store.key("leases"), {job_id: 0})
        await store.redis.zadd(store.key("snoozed"), {job_id: 0})
        await store.rescue(deaths=deaths)

    return step


async def remessage(store: Store, job_id: str) -> None:
    await store.redis.delete(LANE)
    await store.redis.zadd(store.key("wait", LANE), {job_id: 0})
    await store.redis.hset(store.key("passed"), LANE, "1 0")
    await store.remessage([LANE], grace_s=0)


async def reroute(store: Store, job_id: str) -> None:
    await store.reroute(job_id, LANE, "provider.two")


async def overdue(store: Store, job_id: str) -> None:
    await store.overdue()


async def replay(store: Store, job_id: str) -> None:
    await store.replay(job_id, LANE, ttl_s=60)


async def repair(store: Store, job_id: str) -> None:
    await store.repair(job_id)


async def book(store: Store, job_id: str) -> None:
    job = await store.job(job_id)
    assert job is not None
    await store.book(job, Attempt(number=1, epoch=1, target="sim/m", outcome="cancelled"))


async def say(store: Store, job_id: str) -> None:
    job = await store.job(job_id)
    assert job is not None
    await store.say(job, [("text", "hello", 1)])


STEPS: dict[str, Step] = {
    "say": say,
    "book": book,
    "claim": claim,
    "renew": renew,
    "finish succeeded": finish(JobState.SUCCEEDED),
    "finish failed": finish(JobState.FAILED),
    "finish cancelled": finish(JobState.CANCELLED),
    "finish expired": finish(JobState.EXPIRED),
    "put_back now": put_back(0),
    "put_back later": put_back(3600),
    "end_waiting cancelled": end_waiting(JobState.CANCELLED),
    "end_waiting expired": end_waiting(JobState.EXPIRED),
    "end_waiting expired, overdue": end_waiting(JobState.EXPIRED, overdue=True),
    "rescue": rescue(deaths=3),
    "rescue of a poisonous one": rescue(deaths=0),
    "remessage": remessage,
    "reroute": reroute,
    "overdue": overdue,
    "replay": replay,
    "repair": repair,
}

#: Scripts that meet no job, or one that nobody has handed in yet.
SHARED = {"lib", "ledger", "ends"}
APART = {"breakers", "refuse", "submit", "turn", "follow", "postpone", "hand_in_due", "change_route"}


@pytest.mark.parametrize("state", list(JobState))
@pytest.mark.parametrize("step", list(STEPS))
async def test_a_script_changes_a_state_only_as_it_may(client: AsyncClient, step: str, state: JobState) -> None:
    store = client.store
    job_id = await job_in(client, state)
    # The same epoch as in the record, so that nothing but the state protects the job.
    await STEPS[step](store, job_id)
    after = (await client.job(job_id)).state
    assert after is state or after in TRANSITIONS[state]
    assert ((await store.outcome(job_id)) is not None) == after.final


@pytest.mark.parametrize(
    "step",
    [
        "claim",
        "renew",
        "end_waiting cancelled",
        "end_waiting expired",
        "rescue",
        "remessage",
        "reroute",
        "replay",
        "repair",
    ],
)
async def test_a_script_makes_no_job_of_what_is_none(client: AsyncClient, step: str) -> None:
    await STEPS[step](client.store, "no-such-job")
    assert await client.store.job("no-such-job") is None


@pytest.mark.parametrize("epoch", [0, 2])
@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.SUCCEEDED, JobState.FAILED])
async def test_a_stale_epoch_changes_nothing(client: AsyncClient, state: JobState, epoch: int) -> None:
    store = client.store
    job_id = await job_in(client, state)
    before = await client.job(job_id)
    stale = replace(before, epoch=epoch)
    assert not await store.finish(stale, Outcome(job_id, JobState.SUCCEEDED, ANSWERED))
    assert await store.put_back(stale, LANE) == "lost"
    assert await store.renew([(job_id, epoch)], lease_s=1) == ["lost"]
    assert not await store.say(stale, [("text", "late", 1)])
    assert await client.job(job_id) == before


def test_every_script_is_driven() -> None:
    names = {path.name.removesuffix(".lua") for path in (resources.files("workfleet.tasks") / "scripts").iterdir()}
    assert names - APART - SHARED == {step.partition(" ")[0] for step in STEPS}


def test_final_states_lead_nowhere_but_for_a_replay() -> None:
    assert {state: TRANSITIONS[state] for state in JobState if state.final} == {
        JobState.SUCCEEDED: frozenset(),
        JobState.FAILED: frozenset({JobState.QUEUED}),
        JobState.CANCELLED: frozenset(),
        JobState.EXPIRED: frozenset(),
    }


def test_every_state_has_its_transitions() -> None:
    assert set(TRANSITIONS) == set(JobState)
