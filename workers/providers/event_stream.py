"""A streamed answer out of server-sent events that each hold a JSON object; what they mean, the dialect says."""

from typing import Any, Protocol

from ...routing.failure import Failure, Fault
from ...tasks.answer import Answer
from .dialect import Delta, Reply
from .json_fields import mapping, parse
from .sse import SSEParser


class EventReader(Protocol):
    @property
    def complete(self) -> bool:
        """The answer is whole: its terminal marker was seen."""
        ...

    @property
    def ended(self) -> bool:
        """Nothing of the answer follows."""
        ...

    def error(self, value: object) -> Failure | None:
        """The failure that an event is, None if it is none."""
        ...

    def take(self, event: dict[str, Any]) -> Delta | Failure | None:
        """What an event adds, None if it says nothing of the answer, not even that the model is at work."""
        ...

    def answer(self) -> Answer | Failure:
        """The whole answer, after the terminal marker."""
        ...


class EventStream:
    """head: of the reply whose body is fed."""

    def __init__(self, reader: EventReader, head: Reply) -> None:
        self._reader = reader
        self._head = head
        self._events = SSEParser()
        self._failure: Failure | None = None

    @property
    def ended(self) -> bool:
        return self._failure is not None or self._reader.ended

    def feed(self, data: bytes) -> list[Delta]:
        deltas = (self._take(event.data) for event in self._events.feed(data))
        return [delta for delta in deltas if delta is not None]

    def finish(self) -> Answer | Failure:
        for event in self._events.close():
            # A last event without its blank line may be cut, and then it is no JSON.
            if parse(event.data) is not None:
                self._take(event.data)
        failure = self._failure or self._reader.error(parse(self._events.bare))
        if failure is not None:
            return failure
        if not self._reader.complete:
            return Failure(Fault.TRANSPORT, "stream interrupted before its end", status=self._head.status)
        return self._reader.answer()

    def _take(self, data: str) -> Delta | None:
        if self.ended or not data.strip():
            return None
        value = parse(data)
        found = self._reader.error(value) or self._read(value)
        if isinstance(found, Failure):
            self._failure = found
            return None
        return found

    def _read(self, value: object) -> Delta | Failure | None:
        event = mapping(value)
        if not event:
            return Failure(Fault.SERVER, "an event of the stream is no JSON object", status=self._head.status)
        return self._reader.take(event)
