"""What a user wrote never enters Flower."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from tornado.ioloop import IOLoop

from workfleet.workers.dashboard.privacy import LONGEST_ERROR, QuietEvents, QuietInspector, without_content

PROMPT = "our secret plan"


def test_arguments_are_taken_out_and_the_rest_stays() -> None:
    event = {"type": "task-received", "uuid": "1", "name": "workfleet.submit", "args": f"('{PROMPT}',)", "kwargs": "{}"}
    assert without_content(event) == {**event, "args": "", "kwargs": ""}


def test_errors_are_shortened_and_free_of_keys() -> None:
    event = {
        "exception": "401 for gsk_Ab3dEfGh1jKlMn0pQrStUvWxYz, " + "x" * 1000,
        "traceback": "Traceback …",
        "uuid": "1",
    }
    clean = without_content(event)
    assert clean["exception"].startswith("401 for [redacted]")
    assert len(clean["exception"]) == LONGEST_ERROR
    assert "traceback" not in clean


def test_a_report_of_a_scheduled_task_is_searched_too() -> None:
    report = {"eta": "soon", "request": {"id": "1", "args": [PROMPT], "kwargs": {"prompt": PROMPT}}}
    assert without_content(report) == {"eta": "soon", "request": {"id": "1", "args": "", "kwargs": ""}}


async def test_flowers_memory_of_tasks_has_no_arguments() -> None:
    events = QuietEvents(Celery(set_as_current=False), IOLoop.current(), max_tasks_in_memory=10)
    sent = {"hostname": "w@h", "timestamp": 1.0, "local_received": 1.0, "clock": 1, "pid": 1, "utcoffset": 0}
    events.on_event({**sent, "type": "task-received", "uuid": "1", "name": "workfleet.submit", "args": PROMPT})
    await asyncio.sleep(0)
    memory: Any = events.state
    assert memory.tasks["1"].args == ""


@pytest.mark.parametrize("method", ["active", "reserved"])
async def test_what_workers_say_of_tasks_comes_through_our_hands(method: str) -> None:
    def says(**_: object) -> object:
        return {"w@h": [{"id": "1", "args": [PROMPT], "kwargs": {"prompt": PROMPT}}]}

    def asked(**_: object) -> object:
        return SimpleNamespace(active=says, reserved=says)

    worker = SimpleNamespace(control=SimpleNamespace(inspect=asked))
    inspector: Any = QuietInspector(IOLoop.current(), worker, 1.0)
    inspector._inspect(method, "w@h")
    await asyncio.sleep(0)
    assert inspector.workers["w@h"][method] == [{"id": "1", "args": "", "kwargs": ""}]
