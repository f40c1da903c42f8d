"""Fetching a model with LM Studio: a job of its own, which is asked how far it is (C.3)."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from ...routing.failure import Failure, Fault
from .dialect import Call
from .endpoint import AttemptFailed, Endpoint
from .inspection import fetch_well, within
from .json_fields import count, mapping, parse, text
from .pull_progress import SUCCESS, PullProgress
from .wire import Wire

_EVERY_S = 0.5
_ANSWER_S = 60.0
#: It looks the model up in its catalogue before it answers.
_DONE = ("completed", "already_downloaded")


async def lmstudio_pull(
    wire: Wire, endpoint: Endpoint, model: str, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> AsyncGenerator[PullProgress]:
    """model: of its catalogue, or the address of one at Hugging Face. What was fetched in part is gone on with."""
    job = await _said(wire, endpoint, Call("POST", "/api/v1/models/download", {"model": model}))
    while True:
        status = text(job.get("status"))
        if status in _DONE:
            yield _progress(job, SUCCESS)
            return
        if status not in ("downloading", "paused"):
            reason = text(mapping(job.get("error")).get("message")) or text(job.get("error")) or status or "no status"
            raise AttemptFailed(Failure(Fault.MODEL_NOT_FOUND, f"LM Studio cannot fetch {model}: {reason}"))
        yield _progress(job, status)
        await sleep(_EVERY_S)
        path = f"/api/v1/models/download/status/{text(job.get('job_id'))}"
        job = await _said(wire, endpoint, Call("GET", path))


async def _said(wire: Wire, endpoint: Endpoint, call: Call) -> dict[str, Any]:
    return mapping(parse((await fetch_well(wire, endpoint, [call], within(_ANSWER_S))).body))


def _progress(job: dict[str, Any], status: str) -> PullProgress:
    return PullProgress(status, count(job.get("downloaded_bytes")), count(job.get("total_size_bytes")))
