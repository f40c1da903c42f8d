"""Celery users keep Celery: results, groups, chains and chords, for an application that imports nothing of ours."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from celery import Celery, chain, chord, group
from celery.result import AsyncResult

from workfleet.routing.directory import Directory, ProviderFacts
from workfleet.tasks.answer import Answer
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import JobSpec, JobState

from .fleet import WITHIN_S, Fleet, fleet_of, requested, until
from .foreign import Foreign

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: A model that `one` fails to serve, and `two` serves.
FLAKY = "flaky"
#: A model that nobody serves.
BROKEN = "broken"

HELLO = [{"role": "user", "content": "hello"}]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    providers = {"one": {}, "two": {"priority": 200}, "idle": {}}
    route = {"chain": ["one", "two"]}
    async with fleet_of(tmp_path_factory.mktemp("fleet"), providers, routes={"default": route}) as fleet:
        for name in ("one", "two"):
            fleet.providers[name].switch_on(f"model-not-found:model={BROKEN}")
        fleet.providers["one"].switch_on(f"context-overflow:model={FLAKY}")
        await asyncio.gather(fleet.worker("one"), fleet.worker("two"))
        yield fleet


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theirs(fleet: Fleet) -> AsyncIterator[Foreign]:
    foreign = Foreign(fleet.redis.url)
    yield foreign
    await foreign.close()


async def answer_of(fleet: Fleet, job_id: str) -> Answer:
    """The answer of a job that Celery was told to hand in."""
    await until(lambda: fleet.client.store.job(job_id))
    return await fleet.client.result(job_id, timeout_s=WITHIN_S)


def dumped(answer: Answer) -> dict[str, Any]:
    """As Celery's result backend has it."""
    return answer.model_dump(mode="json", exclude_defaults=True)


async def prompt_of(fleet: Fleet, job_id: str) -> str:
    return (await fleet.client.spec(job_id)).request.text


async def test_asyncresult_gives_the_answer_of_a_job_that_the_client_handed_in(fleet: Fleet, theirs: Foreign) -> None:
    job_id = await fleet.client.submit(JobSpec.from_prompt("hello"))
    answer = await theirs.value(AsyncResult(job_id, app=theirs.app))
    assert answer == dumped(await fleet.client.result(job_id))


async def test_a_failed_job_raises_jobfailed_with_the_reason(fleet: Fleet, theirs: Foreign) -> None:
    job_id = await fleet.client.submit(JobSpec.from_prompt("hello", chain=(f"one/{BROKEN}", f"two/{BROKEN}")))
    error = await theirs.value(AsyncResult(job_id, app=theirs.app))
    assert type(error).__name__ == "JobFailed"
    for words in (f"one/{BROKEN}: model_not_found", f"two/{BROKEN}: model_not_found"):
        assert words in str(error)


async def test_a_cancelled_job_is_revoked(fleet: Fleet, theirs: Foreign) -> None:
    job_id = await fleet.client.submit(JobSpec.from_prompt("hello", provider="idle"))
    assert await fleet.client.cancel(job_id, reason="no longer wanted") is JobState.CANCELLED
    result: AsyncResult[Any] = AsyncResult(job_id, app=theirs.app)
    error = await theirs.value(result)
    assert await theirs.do(lambda: result.state) == "REVOKED"
    assert type(error).__name__ == "JobCancelled"
    assert "no longer wanted" in str(error)


async def test_a_job_handed_in_by_celery_is_known_by_its_celery_id(fleet: Fleet, theirs: Foreign) -> None:
    result = await theirs.start(theirs.job("hello", task_type="code-review", agent="ci"))
    assert (await answer_of(fleet, result.id)).provider == "one"
    job = await fleet.client.job(result.id)
    assert (job.task_type, job.agent, job.state) == ("code-review", "ci", JobState.SUCCEEDED)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"request": {"messages": []}}, "messages is empty"),
        ({"request": {"messages": [{"role": "user", "content": "x"}], "max_tokens": -1}}, "request.max_tokens"),
        (
            {"request": {"messages": [{"role": "user", "content": "x"}]}, "route": "fast"},
            "unknown route 'fast'; known:",
        ),
        ({"prompt": "x"}, "request: Field required"),
        ({}, "request: Field required"),
    ],
    ids=["no messages", "negative tokens", "unknown route", "unknown field", "nothing"],
)
async def test_what_cannot_be_a_job_fails_under_its_own_id_and_says_why(
    theirs: Foreign, spec: dict[str, Any], words: str
) -> None:
    error = await theirs.run(theirs.app.signature("workfleet.submit", kwargs=spec, queue="workfleet.submit"))
    assert type(error).__name__ == "InvalidRequest"
    assert words in str(error)


async def test_a_task_that_nobody_knows_is_refused(theirs: Foreign) -> None:
    error = await theirs.run(theirs.app.signature("workfleet.sumbit", kwargs={}, queue="workfleet.submit"))
    assert "unknown task 'workfleet.sumbit'" in str(error)


async def test_a_countdown_holds_a_job_back_and_an_expiry_is_its_deadline(fleet: Fleet, theirs: Foreign) -> None:
    later = await theirs.start(theirs.job("later").set(countdown=1.0))
    until_then = await theirs.start(theirs.job("by then", provider="idle").set(expires=1.5))
    gone = await theirs.start(theirs.job("too late").set(expires=-1))
    assert "expired" in str(await theirs.value(gone))
    assert type(await theirs.value(until_then)).__name__ == "JobExpired"
    await answer_of(fleet, later.id)
    told, held = [(await fleet.client.job(job_id)).created_at for job_id in (until_then.id, later.id)]
    assert held - told > 0.8


@pytest.mark.parametrize("garbage", [b"", b"{}", b'{"body": "x", "properties": {}}', b"\xff\xfe"])
async def test_what_is_no_message_is_dropped_and_told(fleet: Fleet, theirs: Foreign, garbage: bytes) -> None:
    told = sum(len(worker.said("intake.unreadable")) for worker in fleet.workers)
    await fleet.client.redis.lpush("workfleet.submit", garbage)
    await until(lambda: sum(len(worker.said("intake.unreadable")) for worker in fleet.workers) == told + 1)
    assert (await theirs.run(theirs.job("hello")))["finish_reason"] == "stop"


async def test_a_job_handed_in_again_with_its_idempotency_key_has_the_first_ones_result_and_goes_on(
    fleet: Fleet, theirs: Foreign
) -> None:
    first, again = (theirs.job("hello", idempotency_key="only-once") for _ in range(2))
    answer = await theirs.run(first)
    result = await theirs.start(chain(again, theirs.job("after: {{previous}}")))
    assert await theirs.value(result.parent) == answer
    await answer_of(fleet, result.id)
    assert await prompt_of(fleet, result.id) == f"after: {answer['text']}"
    assert fleet.providers["one"].stats.requested(result.parent.id) == 0


async def test_a_priority_of_theirs_is_no_hindrance(theirs: Foreign) -> None:
    jobs = group([theirs.job("hello").set(priority=priority) for priority in (0, 3, 5, 9)], app=theirs.app)
    assert [answer["finish_reason"] for answer in await theirs.run(jobs)] == ["stop"] * 4


async def test_a_group_gives_its_answers_in_the_order_of_its_jobs(fleet: Fleet, theirs: Foreign) -> None:
    result = await theirs.start(group([theirs.job(f"say {number}") for number in range(5)], app=theirs.app))
    answers = [dumped(await answer_of(fleet, each.id)) for each in result.results]
    assert await theirs.value(result) == answers


async def test_a_chain_hands_each_answer_to_the_next_job(fleet: Fleet, theirs: Foreign) -> None:
    steps = chain(
        theirs.job("first"), theirs.job("second, after {{previous}}"), theirs.job("third, after {{previous}}")
    )
    result = await theirs.start(steps)
    await answer_of(fleet, result.id)
    answers = [await answer_of(fleet, job_id) for job_id in (result.parent.parent.id, result.parent.id)]
    assert await prompt_of(fleet, result.parent.id) == f"second, after {answers[0].text}"
    assert await prompt_of(fleet, result.id) == f"third, after {answers[1].text}"


async def test_a_chord_hands_all_answers_to_its_body(fleet: Fleet, theirs: Foreign) -> None:
    header = [theirs.job(f"part {number}") for number in range(3)]
    result = await theirs.start(chord(header, theirs.job("all of:\n{{previous}}"), app=theirs.app))
    await answer_of(fleet, result.id)
    parts = [(await answer_of(fleet, each.id)).text for each in result.parent.results]
    assert await prompt_of(fleet, result.id) == "all of:\n" + "\n\n".join(parts)


async def test_a_group_within_a_chords_header_counts_too(theirs: Foreign) -> None:
    inner = group([theirs.job("inner 1"), theirs.job("inner 2")], app=theirs.app)
    answer = await theirs.run(chord([theirs.job("outer"), inner], theirs.job("sum: {{previous}}"), app=theirs.app))
    assert answer["finish_reason"] == "stop"


async def test_a_chain_with_a_group_in_its_middle_goes_on_when_all_of_that_has_ended(
    fleet: Fleet, theirs: Foreign
) -> None:
    middle = group([theirs.job("left of {{previous}}"), theirs.job("right of {{previous}}")], app=theirs.app)
    result = await theirs.start(chain(theirs.job("start"), middle, theirs.job("join {{previous}}"), app=theirs.app))
    await answer_of(fleet, result.id)
    sides = [(await answer_of(fleet, each.id)).text for each in result.parent.results]
    assert await prompt_of(fleet, result.id) == "join " + "\n\n".join(sides)


async def test_a_chain_goes_on_with_a_task_of_the_other_application(fleet: Fleet, theirs: Foreign) -> None:
    result = await theirs.start(chain(theirs.job("hello"), theirs.app.signature("theirs.store")))
    answer = await answer_of(fleet, result.parent.id)

    def received() -> Any:
        with theirs.app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
            message = queue.get(timeout=WITHIN_S)
            message.ack()
            return message

    message = await theirs.do(received)
    assert (message.headers["task"], message.headers["id"]) == ("theirs.store", result.id)
    assert message.payload[0] == [dumped(answer)]


async def test_a_failed_job_ends_its_chain_and_fails_the_rest_of_it(fleet: Fleet, theirs: Foreign) -> None:
    bad = theirs.job("second", provider="one", model=BROKEN)
    result = await theirs.start(chain(theirs.job("first"), bad, theirs.job("third {{previous}}")))
    error = await theirs.value(result)
    assert type(error).__name__ == "JobFailed"
    assert f"one/{BROKEN}: model_not_found" in str(error)
    assert await fleet.client.store.job(result.id) is None


async def test_a_failed_job_fails_its_chord_and_calls_the_errback_of_its_body(fleet: Fleet, theirs: Foreign) -> None:
    errback = theirs.job("explain why {{previous}} failed").set(task_id="told-of-the-failed-chord")
    header = [theirs.job("good"), theirs.job("bad", provider="one", model=BROKEN)]
    result = await theirs.start(chord(header, theirs.job("sum: {{previous}}").on_error(errback), app=theirs.app))
    assert f"one/{BROKEN}: model_not_found" in str(await theirs.value(result))
    await answer_of(fleet, "told-of-the-failed-chord")
    assert await prompt_of(fleet, "told-of-the-failed-chord") == f"explain why {result.id} failed"


async def test_the_canvas_survives_a_fallback(fleet: Fleet, theirs: Foreign) -> None:
    falling = {"chain": [f"one/{FLAKY}", f"two/{FLAKY}"]}
    steps = chain(theirs.job("first", **falling), theirs.job("second after {{previous}}", **falling))
    result = await theirs.start(steps)
    assert (await answer_of(fleet, result.id)).provider == "two"
    tried = [(entry.target, entry.outcome) for entry in await fleet.client.attempts(result.id)]
    assert tried == [(f"one/{FLAKY}", "context_overflow"), (f"two/{FLAKY}", "succeeded")]


async def test_a_job_that_is_cancelled_while_it_waits_fails_its_chord_and_calls_the_errback(
    fleet: Fleet, theirs: Foreign
) -> None:
    errback = theirs.job("explain").set(task_id="told-of-the-cancelled-chord")
    header = [theirs.job("good"), theirs.job("waits", provider="idle")]
    result = await theirs.start(chord(header, theirs.job("sum: {{previous}}").on_error(errback), app=theirs.app))
    waits = result.parent.results[1].id
    await until(lambda: fleet.client.store.job(waits))
    assert await fleet.client.cancel(waits) is JobState.CANCELLED
    assert "cancelled" in str(await theirs.value(result))
    await answer_of(fleet, "told-of-the-cancelled-chord")


async def test_a_link_is_called_with_the_answer(fleet: Fleet, theirs: Foreign) -> None:
    linked = theirs.job("about {{previous}}").set(task_id="follows-by-link")
    first = await theirs.run(theirs.job("hello").set(link=linked))
    await answer_of(fleet, "follows-by-link")
    assert await prompt_of(fleet, "follows-by-link") == f"about {first['text']}"


async def test_a_canvas_that_cannot_be_gone_on_with_harms_neither_its_job_nor_the_worker(
    fleet: Fleet, theirs: Foreign
) -> None:
    odd = theirs.job("hello").set(chain=[{"no": "signature"}])
    result = await theirs.start(odd)
    await answer_of(fleet, result.id)
    await until(lambda: any(worker.said("canvas.broken") for worker in fleet.workers))
    assert (await theirs.run(theirs.job("hello")))["finish_reason"] == "stop"


async def test_no_worker_ever_showed_a_traceback(fleet: Fleet) -> None:
    assert [worker.tracebacks() for worker in fleet.workers] == ["", ""]


async def test_what_is_put_into_a_lane_by_others_ends_no_worker(fleet: Fleet) -> None:
    """Neither what is no JSON, nor what is no message, nor a message that names no job."""
    queue = "provider.one"
    for rubbish in ("rubbish", "[]", "{}", '{"body": "e30=", "headers": {"task": "workfleet.general"}}'):
        await fleet.client.redis.lpush(queue, rubbish)
    (job_id,) = await fleet.submit(1, provider="one")
    (outcome,) = await fleet.outcomes([job_id])
    assert outcome.state is JobState.SUCCEEDED
    assert await fleet.client.redis.llen(queue) == 0
    assert all(worker.runs for worker in fleet.workers)
    assert len(fleet.workers[0].said("message.unreadable")) == 4


async def test_a_job_of_a_type_that_a_worker_does_not_know_runs_all_the_same(fleet: Fleet) -> None:
    newer = Directory(task_types=("new-type",), providers={"one": ProviderFacts(name="one", type="simulated")})
    async with AsyncClient(fleet.redis.url, directory=newer) as client:
        job_id = await client.submit(JobSpec.from_prompt("hello", task_type="new-type", provider="one"))
        assert (await client.wait(job_id)).state is JobState.SUCCEEDED


async def test_a_queue_that_somebody_has_the_worker_give_up_is_served_all_the_same(fleet: Fleet) -> None:
    with Celery("theirs", broker=fleet.redis.url, set_as_current=False) as app:
        told = await asyncio.to_thread(app.control.cancel_consumer, "provider.one", reply=True, limit=2)
    assert len(told or []) == 2
    (outcome,) = await fleet.outcomes(await fleet.submit(1, provider="one"))
    assert outcome.state is JobState.SUCCEEDED


async def test_celerys_revoke_cancels_a_job(fleet: Fleet) -> None:
    fleet.providers["idle"].configure(latency_s=WITHIN_S)
    worker = await fleet.worker("idle", "--slots", "1")
    running, waiting = await fleet.submit(2, provider="idle")
    await until(lambda: fleet.providers["idle"].stats.in_flight == 1)
    app = Celery("theirs", broker=fleet.redis.url, set_as_current=False)
    try:
        await asyncio.to_thread(app.control.revoke, [waiting])
        await asyncio.to_thread(app.control.terminate, running)
        ended = await fleet.outcomes([running, waiting], within_s=WITHIN_S / 2)
    finally:
        app.close()
        await worker.stop()
    assert [(outcome.state, outcome.error) for outcome in ended] == [
        (JobState.CANCELLED, "cancelled while it ran"),
        (JobState.CANCELLED, "revoked through Celery"),
    ]
    assert requested(fleet.providers, [running, waiting]) == {running: 1, waiting: 0}
