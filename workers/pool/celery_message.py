"""Reads the task messages of Celery's producers, in any language, as the Redis transport stores them."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from celery.app.task import Context
from kombu.transport.base import Message


class Unreadable(Exception):
    """The bytes are no task message; the words say why."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A call of a task.

    previous: its positional arguments; in a canvas, the results before it. spec: its keyword arguments. request: what
    Celery's backend and canvas know of it. starts_at, expires_at: seconds since the epoch, None if it does not say.
    """

    id: str
    task: str
    previous: tuple[object, ...]
    spec: Mapping[str, Any]
    request: Context
    starts_at: float | None
    expires_at: float | None


def read(raw: bytes) -> HandedIn:
    """What a producer has sent. Raises Unreadable."""
    try:
        message = _message(json.loads(raw))
        return _call(message.headers, message.decode())
    except Exception as wrong:  # whoever can reach Redis may have written it, and it may hold anything
        raise Unreadable(f"{type(wrong).__name__}: {wrong}") from wrong


def _message(stored: Mapping[str, Any]) -> Message:
    properties = stored["properties"]
    body: Any = stored["body"]
    if properties.get("body_encoding") == "base64":
        body = cast("Any", base64.b64decode(body))
    return Message(
        body=body,
        content_type=stored["content-type"],
        content_encoding=stored["content-encoding"],
        headers=stored.get("headers"),
        properties=properties,
        accept={"application/json"},
    )


def _call(headers: Mapping[str, Any], body: Any) -> HandedIn:
    facts: dict[str, Any]
    if "task" in headers:
        args, kwargs, embedded = body
        facts = {**headers, **(embedded or {})}
    else:  # the first version of Celery's protocol, in which the body says it all
        args, kwargs, facts = body.get("args", ()), body.get("kwargs", {}), body
    return HandedIn(
        id=str(facts["id"]),
        task=str(facts["task"]),
        previous=tuple(args),
        spec=dict(kwargs),
        request=Context({**facts, "delivery_info": {}, "is_eager": False}),
        starts_at=_time(facts.get("eta")),
        expires_at=_time(facts.get("expires")),
    )


def _time(text: str | None) -> float | None:
    if text is None:
        return None
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
