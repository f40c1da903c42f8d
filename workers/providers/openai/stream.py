"""A streamed answer out of OpenAI's server-sent events."""

from typing import Any

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer
from ..dialect import Ask, Delta, Reply
from ..error_body import error_in
from ..faults import failure_in
from ..json_fields import count, first, mapping, mappings, parse
from ..sse import SSEParser
from ..think_tags import Split, ThinkSplitter
from .assembly import Assembly
from .response import answer_in, content_of, reasoning_in, wants_tags
from .usage import usage_in

_DONE = "[DONE]"


class OpenAIStream:
    def __init__(self, ask: Ask, head: Reply) -> None:
        self._ask = ask
        self._head = head
        self._events = SSEParser()
        self._assembly = Assembly()
        self._thinking = ThinkSplitter()
        self._failure: Failure | None = None
        self._done = False

    @property
    def ended(self) -> bool:
        return self._done or self._failure is not None

    def feed(self, data: bytes) -> list[Delta]:
        deltas = (self._take(event.data) for event in self._events.feed(data))
        return [delta for delta in deltas if delta is not None]

    def finish(self) -> Answer | Failure:
        for event in self._events.close():
            if not self.ended and (event.data.strip() == _DONE or parse(event.data) is not None):
                self._take(event.data)
        if self._failure is not None:
            return self._failure
        error = error_in(parse(self._events.bare))
        if error is not None:
            return failure_in(error, self._head)
        if not self._done:
            return Failure(Fault.TRANSPORT, "stream interrupted before its end", status=self._head.status)
        return answer_in(self._ask, self._assembly.body(), self._head)

    def _take(self, data: str) -> Delta | None:
        if self.ended or not data.strip():
            return None
        if data.strip() == _DONE:
            self._done = True
            held = self._thinking.close()
            return Delta(text=held.text, reasoning=held.reasoning)
        chunk = parse(data)
        error = error_in(chunk)
        if error is not None:
            self._failure = failure_in(error, self._head)
            counted = usage_in(self._ask.row, mapping(chunk))  # OpenRouter's errors say what they have cost (C.11)
            return Delta(usage=counted) if counted else None
        if not mapping(chunk):
            self._failure = Failure(Fault.SERVER, "an event of the stream is no JSON object", status=self._head.status)
            return None
        return self._chunk(mapping(chunk))

    def _chunk(self, chunk: dict[str, Any]) -> Delta:
        fragments = self._assembly.add(chunk)
        choice = first([c for c in mappings(chunk.get("choices")) if count(c.get("index")) == 0])
        delta = mapping(choice.get("delta"))
        content, thought = content_of(delta.get("content", choice.get("text")))
        split = self._split(content)
        return Delta(
            text=split.text,
            reasoning=reasoning_in(delta) + thought + split.reasoning,
            tool_calls=fragments,
            usage=usage_in(self._ask.row, chunk),
        )

    def _split(self, content: str) -> Split:
        if not content:
            return Split()
        return Split(content) if wants_tags(self._ask.request) else self._thinking.feed(content)
