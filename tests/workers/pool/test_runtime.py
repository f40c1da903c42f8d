"""The loop of a pool ends, whatever runs in it."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery import Celery
from pydantic import SecretStr
from structlog.testing import capture_logs

from workfleet.workers.attempts.ending import Declined, Ending, Moved
from workfleet.workers.pool import runtime as module
from workfleet.workers.pool.runtime import PoolPlan, Runtime
from workfleet.workers.providers.endpoint import Endpoint

from ..pools import directory_of, provider

#: Nobody listens there.
NOWHERE = "http://127.0.0.1:9"


class Stubborn:
    """A delivery that swallows its first cancellations."""

    def __init__(self, swallows: int) -> None:
        self.left = swallows
        self.begun = threading.Event()

    async def run(self, *_: object, **__: object) -> Ending:
        while True:
            try:
                self.begun.set()
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if self.left == 0:
                    raise
                self.left -= 1


def _nothing(*_: object) -> None:
    pass


@pytest.fixture
def runtime(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runtime]:
    monkeypatch.setattr(module, "_LAST_S", 0.05)
    monkeypatch.setattr(module, "_CANCEL_EVERY_S", 0.05)
    one = provider("one", base_urls=(NOWHERE,))
    plan = PoolPlan(
        "one@here", one, (Endpoint("one", "vllm", NOWHERE),), 4, directory_of(one), SecretStr(redis_url), grace_s=0.05
    )
    runtime = Runtime(plan, on_lanes=_nothing, on_slots=_nothing, on_defect=_nothing)
    runtime.start(Celery(broker="memory://", set_as_current=False))
    yield runtime
    runtime.stop()


@pytest.mark.parametrize("swallows", [0, 3])
def test_a_delivery_that_outlasts_the_end_is_abandoned_however_stubborn(runtime: Runtime, swallows: int) -> None:
    stubborn: Any = Stubborn(swallows)
    runtime.executor = stubborn
    with ThreadPoolExecutor() as threads, capture_logs() as said:
        delivery = threads.submit(runtime.run, "a job", lambda: None)
        assert stubborn.begun.wait(20)
        runtime.drain()
        assert delivery.result(20) == Declined()
    assert [entry["jobs"] for entry in said if entry["event"] == "jobs.abandoned"] == [1]


def test_what_ends_by_itself_is_not_abandoned(runtime: Runtime) -> None:
    async def run(*_: object, **__: object) -> Ending:
        await asyncio.sleep(0)
        return Moved("elsewhere")

    executor: Any = type("Quick", (), {"run": staticmethod(run)})()
    runtime.executor = executor
    with capture_logs() as said:
        assert runtime.run("a job", lambda: None) == Moved("elsewhere")
        runtime.drain()
        runtime.drain()
    assert not [entry for entry in said if entry["event"] == "jobs.abandoned"]
