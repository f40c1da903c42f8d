"""The Celery message of a job, rendered by the installed Celery and kombu once and filled in by Redis.

A message carries the job's id and nothing else. Because the scripts that change a record also push its message, no crash
can come between the two. The template holds `@ID@`, `@TASK@`, `@QUEUE@`, `@TAG@` and `@PRIORITY@` where they belong;
its form is whatever this Celery writes itself, and a test reads it back through a real consumer.
"""

import json
from functools import lru_cache

from celery import Celery

from ..routing.lanes import Priority

#: kombu's priority steps: 0 is served first. Two lists a queue, no more: each is a key of every BRPOP.
PRIORITY_STEPS: dict[Priority, int] = {Priority.INTERACTIVE: 0, Priority.BATCH: 6}

#: What kombu puts between a queue's name and a priority step other than 0.
PRIORITY_SEPARATOR = "\x06\x16"


def task_name(task_type: str) -> str:
    """One Celery task a task type, so that Flower's views by task mean something."""
    return f"workfleet.{task_type}"


def list_key(queue: str, priority: Priority) -> str:
    """The Redis list in which kombu keeps a queue's messages of one priority."""
    step = PRIORITY_STEPS[priority]
    return f"{queue}{PRIORITY_SEPARATOR}{step}" if step else queue


@lru_cache(maxsize=8)
def message_template(app: Celery) -> str:
    """JSON of a task message of this Celery, with placeholders."""
    task = app.amqp.as_task_v2("@ID@", "@TASK@", (), {}, argsrepr="", kwargsrepr="", ignore_result=True, origin="workfleet")
    with app.connection_for_write() as connection, connection.Producer(serializer="json") as producer:
        body, content_type, content_encoding = producer._prepare(task.body, "json", None, None, None, task.headers)  # noqa: SLF001
        channel = producer.channel
        message = channel.prepare_message(body, 0, content_type, content_encoding, task.headers, dict(task.properties))
        message["properties"]["delivery_mode"] = 2
        message["properties"]["priority"] = "@PRIORITY@"
        channel._inplace_augment_message(message, "", "@QUEUE@")  # noqa: SLF001
    message["properties"]["delivery_tag"] = "@TAG@"
    return json.dumps(message).replace('"@PRIORITY@"', "@PRIORITY@")
