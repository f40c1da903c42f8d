"""Telling servers that learn what became of their answers, beside the calls: nobody waits for it, and it may fail."""

import asyncio

import structlog

from ...tasks.request import Request
from .dialect import Call
from .endpoint import AttemptFailed, Endpoint
from .inspection import fetch_well, within
from .redaction import redacted
from .ruvllm.request import query
from .turns import messages_of
from .wire import Wire

log = structlog.get_logger()

#: A server that does not take them in is not told more.
_AT_ONCE = 32
_WITHIN_S = 5.0


class Feedback:
    """Enter it where the calls are made; what is still being told at its end is not."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._telling: set[asyncio.Task[None]] = set()

    def tell(self, endpoint: Endpoint, request: Request, said: str, quality: float) -> None:
        """quality: of what was said, from 0 to 1. Servers that do not learn are told nothing."""
        path = endpoint.row.feedback_path
        if path is None or request.kind == "embedding" or len(self._telling) >= _AT_ONCE:
            return
        body = {"query": query(messages_of(request)), "response": said, "quality": quality}
        task = asyncio.create_task(self._tell(endpoint, Call("POST", path, body)))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def close(self) -> None:
        telling = list(self._telling)
        for task in telling:
            task.cancel()
        await asyncio.gather(*telling, return_exceptions=True)

    async def _tell(self, endpoint: Endpoint, call: Call) -> None:
        try:
            with redacted(endpoint):
                await fetch_well(self._wire, endpoint, [call], within(_WITHIN_S))
        except AttemptFailed as failed:
            log.debug("feedback.not_taken", provider=endpoint.provider, error=str(failed.failure))
