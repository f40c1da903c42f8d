"""A streamed answer out of JSON objects, as events or as lines, for dialects that say only what each object means."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from ...routing.failure import Failure, Fault
from ...tasks.answer import Answer, FinishReason, ToolFragment, Usage
from ...tasks.request import FunctionCall, ToolCall
from .dialect import Ask, Delta, Reply
from .json_fields import mapping, parse
from .ndjson import NDJSONParser
from .sse import SSEParser


@dataclass(frozen=True, slots=True)
class End:
    """The last object of a stream. delta: what it still adds. usage: None is what the last delta with a usage said."""

    finish_reason: FinishReason = FinishReason.STOP
    raw_finish_reason: str | None = None
    usage: Usage | None = None
    model: str = ""
    delta: Delta = field(default_factory=Delta)


#: What one object means; None if it says nothing of the answer.
Read = Callable[[dict[str, Any]], Delta | End | Failure | None]


class JSONStream:
    """read: is called with each object. framing: server-sent events, or one object a line. head: of the reply.

    The answer is what the deltas add up to. Events whose data are no object (`[DONE]`) are passed over. Without an
    `End` it is no answer.
    """

    def __init__(self, ask: Ask, head: Reply, read: Read, *, framing: Literal["events", "lines"] = "events") -> None:
        self._ask = ask
        self._head = head
        self._read = read
        self._objects = _Events() if framing == "events" else NDJSONParser()
        self._said: list[Delta] = []
        self._end: End | Failure | None = None

    @property
    def ended(self) -> bool:
        return self._end is not None

    def feed(self, data: bytes) -> list[Delta]:
        deltas = (self._take(value) for value in self._objects.feed(data))
        return [delta for delta in deltas if delta is not None]

    def finish(self) -> Answer | Failure:
        for value in self._objects.close():
            self._take(value)
        if self._end is None:
            return Failure(Fault.TRANSPORT, "stream interrupted before its end", status=self._head.status)
        return self._end if isinstance(self._end, Failure) else self._answer(self._end)

    def _take(self, value: object) -> Delta | None:
        said = mapping(value)
        if self.ended or not said:
            return None
        found = self._read(said)
        if isinstance(found, End | Failure):
            self._end = found
            found = found.delta if isinstance(found, End) else None
        if found is not None:
            self._said.append(found)
        return found

    def _answer(self, end: End) -> Answer:
        usage = next((delta.usage for delta in reversed(self._said) if delta.usage is not None), Usage())
        fragments = [fragment for delta in self._said for fragment in delta.tool_calls]
        return Answer(
            text="".join(delta.text for delta in self._said),
            reasoning="".join(delta.reasoning for delta in self._said),
            tool_calls=tool_calls_of(fragments),
            finish_reason=end.finish_reason,
            raw_finish_reason=end.raw_finish_reason,
            usage=end.usage or usage,
            provider=self._ask.provider,
            model=end.model or self._ask.model,
        )


class _Events:
    """The JSON in the data of server-sent events."""

    def __init__(self) -> None:
        self._events = SSEParser()

    def feed(self, data: bytes) -> list[Any]:
        return [parse(event.data) for event in self._events.feed(data)]

    def close(self) -> list[Any]:
        return [parse(event.data) for event in self._events.close()]


def tool_calls_of(fragments: list[ToolFragment]) -> tuple[ToolCall, ...]:
    """The calls that pieces add up to, in the order of their indices."""
    pieces: dict[int, list[ToolFragment]] = {}
    for fragment in fragments:
        pieces.setdefault(fragment.index, []).append(fragment)
    return tuple(
        ToolCall(
            id=next((each.id for each in own if each.id), ""),
            function=FunctionCall(
                name=next((each.name for each in own if each.name), ""),
                arguments="".join(each.arguments for each in own),
            ),
        )
        for _, own in sorted(pieces.items())
    )
