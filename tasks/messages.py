"""The Celery message of a job, rendered by the installed Celery and kombu once and filled in by Redis.

A message carries the job's id and nothing else. Because the scripts that change a record also push its message, no
crash can come between the two. The template holds `@ID@`, `@TASK@`, `@QUEUE@`, `@TAG@` and `@PRIORITY@` where they
belong; its form is whatever this Celery writes itself, and a test reads it back through a real consumer.
"""

import json
from functools import cache
from typing import Any, cast

from celery import Celery

from ..routing.lanes import Priority

#: kombu's priority steps: 0 is served first.
PRIORITY_STEPS: dict[Priority, int] = {Priority.INTERACTIVE: 0, Priority.BATCH: 3}

#: Where the jobs of an agent wait beyond its first few (`share_step` in scripts/lib.lua).
CROWD_STEP = 6

#: The lists of a queue, in the order in which they are served. No more: each is a key of every BRPOP.
STEPS = (*PRIORITY_STEPS.values(), CROWD_STEP)

#: The steps of producers elsewhere: kombu's own.
FOREIGN_STEPS = (0, 3, 6, 9)

#: What kombu puts between a queue's name and a priority step other than 0.
PRIORITY_SEPARATOR = "\x06\x16"


_TASK = "workfleet."


def task_name(task_type: str) -> str:
    """One Celery task a task type, so that Flower's views by task mean something."""
    return f"{_TASK}{task_type}"


def task_type_of(name: str) -> str | None:
    """The task type of a Celery task's name, None if it is none of ours."""
    return name.removeprefix(_TASK) if name.startswith(_TASK) else None


def list_key(queue: str, priority: Priority) -> str:
    """The Redis list in which kombu keeps a queue's messages of one priority."""
    return list_at(queue, PRIORITY_STEPS[priority])


def list_at(queue: str, step: int) -> str:
    """The Redis list of one of kombu's priority steps."""
    return f"{queue}{PRIORITY_SEPARATOR}{step}" if step else queue


@cache
def message_template() -> str:
    """JSON of a task message of this Celery, with placeholders.

    It is published through kombu's own channel, the in-memory one, which shares the Redis channel's message format.
    """
    app = Celery(broker="memory://", set_as_current=False)
    task = app.amqp.as_task_v2(
        "@ID@", "@TASK@", (), {}, argsrepr="", kwargsrepr="", ignore_result=True, origin="workfleet"
    )
    with app.connection_for_write() as connection, connection.Producer(serializer="json") as producer:
        producer.publish(task.body, routing_key="@QUEUE@", headers=task.headers, delivery_mode=2, **task.properties)
        channel = cast("Any", connection.default_channel)
        message = channel._get("@QUEUE@")  # as the transport stores it; its public side hands out parsed messages
    # Celery reads each of these with a default; without those that say nothing a message is a sixth smaller.
    message["headers"] = {name: value for name, value in message["headers"].items() if value not in (None, {}, 0)}
    message["properties"] |= {"priority": "@PRIORITY@", "delivery_tag": "@TAG@"}
    return json.dumps(message, separators=(",", ":")).replace('"@PRIORITY@"', "@PRIORITY@")
