"""The task events that a worker tells Flower."""

import base64
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from workfleet.tasks.fleet_events import FleetEvents

from .fleet import WITHIN_S, Fleet, fleet_of, until


@asynccontextmanager
async def heard(fleet: Fleet) -> AsyncGenerator[list[dict[str, Any]]]:
    """All events of tasks that are told while the block runs, as they come."""
    events: list[dict[str, Any]] = []
    async with fleet.client.redis.pubsub() as news:
        await news.psubscribe("*celeryev/task.multi")
        await news.get_message(timeout=WITHIN_S)

        async def told() -> list[dict[str, Any]]:
            while (message := await news.get_message(ignore_subscribe_messages=True)) is not None:
                events.extend(json.loads(base64.b64decode(json.loads(message["data"])["body"])))
            return events

        yield events
        await until(lambda: _whole(told))


async def _whole(told: Callable[[], Awaitable[list[dict[str, Any]]]]) -> bool:
    """Whether every task that was told of has been told to have ended."""
    events = await told()
    ended = {event["uuid"] for event in events if event["type"] == "task-succeeded"}
    return bool(ended) and ended == {event["uuid"] for event in events}


async def test_flower_hears_of_every_job_even_if_the_worker_stops_at_once(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, {"groq": {}}) as fleet:
        worker = await fleet.worker("groq", "--slots", "4")
        async with heard(fleet) as events:
            ids = await fleet.submit(10)
            await fleet.outcomes(ids)
            assert await worker.stop() == 0
    kinds = {job_id: sorted(event["type"] for event in events if event["uuid"] == job_id) for job_id in ids}
    assert kinds == {job_id: ["task-received", "task-started", "task-succeeded"] for job_id in ids}


async def test_flower_is_told_why_a_job_goes_on_later(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, {"groq": {}}) as fleet:
        fleet.providers["groq"].switch_on("http-500")
        worker = await fleet.worker("groq", "--slots", "4")
        async with heard(fleet) as events:
            ids = await fleet.submit(1)
            await until(lambda: worker.said("attempt.failed"))
            await fleet.providers["groq"].switch_off("http-500")
            await fleet.outcomes(ids)
    whys = {event["exception"].partition(" in ")[0] for event in events if event["type"] == "task-retried"}
    assert whys == {"server, again"}


async def test_flower_hears_what_happens_to_a_worker_and_so_does_who_follows_the_fleet(tmp_path: Path) -> None:
    async with fleet_of(tmp_path, {"groq": {}}) as fleet, fleet.client.redis.pubsub() as news:
        await news.psubscribe("*celeryev/workfleet.*")
        await news.get_message(timeout=WITHIN_S)
        worker = await fleet.worker("groq", "--slots", "4")
        assert await worker.stop() == 0
        followed = [event.name for event in await FleetEvents(fleet.client.redis).last(100)]
        kinds = list[str]()
        while (message := await news.get_message(ignore_subscribe_messages=True)) is not None:
            kinds.append(json.loads(base64.b64decode(json.loads(message["data"])["body"]))["type"])
    assert "pool.draining" in followed
    assert kinds == [f"workfleet-{name.replace('.', '-')}" for name in followed]
