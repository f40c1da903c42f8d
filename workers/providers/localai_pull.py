"""Fetching a model with LocalAI: one of its galleries', by a job that is asked how far it is (C.4)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from ...routing.failure import Failure, Fault
from .dialect import Call
from .endpoint import AttemptFailed, Endpoint
from .inspection import fetch_well, within
from .json_fields import count, mapping, number, parse, text
from .pull_progress import SUCCESS, PullProgress
from .wire import Wire

_EVERY_S = 0.5
_ANSWER_S = 60.0
#: Older servers do not take a second order while they carry out the first.
_TAKEN_WITHIN_S = 6 * 3600.0
#: Looks at a server that does nothing, after which it will not begin either: it was started anew.
_FORGOTTEN_AFTER = 10
#: How servers say that they know nothing of a job: the first is what they mean.
_UNKNOWN = frozenset({404, 500})


async def localai_pull(
    wire: Wire, endpoint: Endpoint, model: str, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncGenerator[PullProgress]:
    """model: `gallery@name`, or a name of any gallery."""
    started = await _said(wire, endpoint, Call("POST", "/models/apply", {"id": model}), _TAKEN_WITHIN_S)
    # Its `status` is the address under which it knows itself, which need not be ours for it.
    path, missed = f"/models/jobs/{text(started.get('uuid'))}", 0
    while True:
        job = await _job(wire, endpoint, path)
        if job is None:
            missed = 0 if await _is_busy(wire, endpoint) else missed + 1
            if missed > _FORGOTTEN_AFTER:
                raise AttemptFailed(Failure(Fault.SERVER, f"LocalAI knows nothing of having to fetch {model}"))
            yield PullProgress("waiting for its turn")
            await sleep(_EVERY_S)
            continue
        if (reason := _failed(job)) is not None:
            raise AttemptFailed(Failure(Fault.MODEL_NOT_FOUND, f"LocalAI cannot fetch {model}: {reason}"))
        if job.get("processed") is True:
            yield PullProgress(SUCCESS, *_bytes(job), said_share=1.0)
            return
        share = min(1.0, (number(job.get("progress")) or 0.0) / 100)
        yield PullProgress(text(job.get("message")) or "waiting", *_bytes(job), said_share=share)
        await sleep(_EVERY_S)


def _failed(job: dict[str, Any]) -> str | None:
    """Why there is no model, None if there will be.

    Older servers write an error as an empty object, with its words in the message; newer ones as text, or not at all.
    """
    if job.get("cancelled") is True:
        return "somebody cancelled it there"
    if job.get("error") in (None, ""):
        return None
    return text(job.get("error")) or text(job.get("message")) or "it does not say why"


def _bytes(job: dict[str, Any]) -> tuple[int, int]:
    """Of the model; newer servers tell them."""
    return count(job.get("current_bytes")), count(job.get("total_bytes"))


async def _job(wire: Wire, endpoint: Endpoint, path: str) -> dict[str, Any] | None:
    """How far it is; None if it is not known, as most releases say of one that has not begun."""
    try:
        return await _said(wire, endpoint, Call("GET", path))
    except AttemptFailed as failed:
        if failed.failure.status in _UNKNOWN:
            return None
        raise


async def _is_busy(wire: Wire, endpoint: Endpoint) -> bool:
    """Whether it carries out an order, of whomever."""
    jobs = await _said(wire, endpoint, Call("GET", "/models/jobs"))
    return any(mapping(job).get("processed") is not True for job in jobs.values())


async def _said(wire: Wire, endpoint: Endpoint, call: Call, limit_s: float = _ANSWER_S) -> dict[str, Any]:
    return mapping(parse((await fetch_well(wire, endpoint, [call], within(limit_s))).body))
