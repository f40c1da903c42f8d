"""Fetching a model with Ollama: the progress that /api/pull streams (C.1)."""

from typing import Any

from ....routing.failure import Failure, Fault
from ..dialect import Call, Reply
from ..error_body import error_in
from ..json_fields import count, mapping, text
from ..ndjson import NDJSONParser
from ..pull_progress import PullProgress
from .response import failure_of_error


def pull_call(model: str) -> Call:
    return Call("POST", "/api/pull", {"model": model, "stream": True})


class PullDecoder:
    """Feed it the bytes of the stream until it has ended or they have; then ask for the `failure`."""

    def __init__(self, head: Reply) -> None:
        self._head = head
        self._lines = NDJSONParser()
        self._layers: dict[str, tuple[int, int]] = {}
        self._failure: Failure | None = None
        self._done = False

    @property
    def ended(self) -> bool:
        return self._done or self._failure is not None

    def feed(self, data: bytes) -> list[PullProgress]:
        progress = (self._take(value) for value in self._lines.feed(data))
        return [step for step in progress if step is not None]

    def failure(self) -> Failure | None:
        """Why the model is not there, None if it is."""
        if self._failure is None and not self._done:
            return Failure(Fault.TRANSPORT, "the pull was interrupted; the next one goes on from there", status=200)
        return self._failure

    def _take(self, value: object) -> PullProgress | None:
        error = error_in(value)
        if error is not None:
            self._failure = failure_of_error(error, self._head)
            return None
        return self._step(mapping(value))

    def _step(self, line: dict[str, Any]) -> PullProgress:
        if digest := text(line.get("digest")):
            self._layers[digest] = (count(line.get("completed")), count(line.get("total")))
        step = PullProgress(
            status=text(line.get("status")),
            completed_bytes=sum(completed for completed, _ in self._layers.values()),
            total_bytes=sum(total for _, total in self._layers.values()),
        )
        self._done = self._done or step.done
        return step
