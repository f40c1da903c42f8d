"""A streamed answer as events of one vocabulary, whichever provider speaks."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ...routing.failure import Failure
from ...tasks.answer import Answer, ToolFragment, Usage
from ..providers.dialect import Delta


class EventKind(StrEnum):
    CONTENT = "content"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"  #: a piece of a call; pieces with the same index are one call
    USAGE = "usage"  #: the counts so far; the last ones are right
    ERROR = "error"  #: there is no answer; what was said before it is void
    DONE = "done"  #: the whole answer; it is the last event


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One of its fields is there, as its kind says: text for content and reasoning."""

    kind: EventKind
    text: str = ""
    tool_call: ToolFragment | None = None
    usage: Usage | None = None
    failure: Failure | None = None
    answer: Answer | None = None

    @property
    def is_last(self) -> bool:
        return self.kind in (EventKind.ERROR, EventKind.DONE)


def events_of(delta: Delta) -> Iterator[StreamEvent]:
    """What one piece of a stream says."""
    if delta.reasoning:
        yield StreamEvent(EventKind.REASONING, text=delta.reasoning)
    if delta.text:
        yield StreamEvent(EventKind.CONTENT, text=delta.text)
    for fragment in delta.tool_calls:
        yield StreamEvent(EventKind.TOOL_CALL, tool_call=fragment)
    if delta.usage is not None:
        yield StreamEvent(EventKind.USAGE, usage=delta.usage)
