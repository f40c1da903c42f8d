"""A streamed answer out of Ollama's lines of JSON. The line with `done` is the end, and holds the counts."""

from typing import Any

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer, ToolFragment
from ..dialect import Ask, Delta, Reply
from ..error_body import error_in
from ..json_fields import mapping, mappings, text
from ..ndjson import NDJSONParser
from ..think_tags import Split, ThinkSplitter
from .response import answer_in, failure_of_error, tool_call


class OllamaStream:
    def __init__(self, ask: Ask, head: Reply) -> None:
        self._ask = ask
        self._head = head
        self._lines = NDJSONParser()
        self._thinking = ThinkSplitter()
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._last: dict[str, Any] | None = None
        self._failure: Failure | None = None

    @property
    def ended(self) -> bool:
        return self._last is not None or self._failure is not None

    def feed(self, data: bytes) -> list[Delta]:
        deltas = (self._take(value) for value in self._lines.feed(data))
        return [delta for delta in deltas if delta is not None]

    def finish(self) -> Answer | Failure:
        for value in self._lines.close():
            self._take(value)
        if self._failure is not None:
            return self._failure
        if self._last is None:
            return Failure(Fault.TRANSPORT, "stream interrupted before its end", status=self._head.status)
        return answer_in(self._ask, self._whole(self._last), self._head)

    def _take(self, value: object) -> Delta | None:
        if self.ended:
            return None
        error = error_in(value)
        if error is not None:
            self._failure = failure_of_error(error, self._head)
            return None
        line = mapping(value)
        if not line:
            self._failure = Failure(Fault.SERVER, "a line of the stream is no JSON object", status=self._head.status)
            return None
        return self._line(line)

    def _line(self, line: dict[str, Any]) -> Delta:
        message = mapping(line.get("message"))
        content = text(message.get("content", line.get("response")))
        thought = text(message.get("thinking", line.get("thinking")))
        calls = mappings(message.get("tool_calls"))
        fragments = tuple(_fragment(call, len(self._calls) + at) for at, call in enumerate(calls))
        self._content.append(content)
        self._reasoning.append(thought)
        self._calls += calls
        split = self._thinking.feed(content)
        if line.get("done"):
            self._last = line
            held = self._thinking.close()
            split = Split(split.text + held.text, split.reasoning + held.reasoning)
        return Delta(text=split.text, reasoning=thought + split.reasoning, tool_calls=fragments)

    def _whole(self, last: dict[str, Any]) -> dict[str, Any]:
        """The body that would have come without streaming."""
        content, thinking = "".join(self._content), "".join(self._reasoning)
        if "response" in last:
            return {**last, "response": content, "thinking": thinking}
        return {**last, "message": {"content": content, "thinking": thinking, "tool_calls": self._calls}}


def _fragment(call: dict[str, Any], at: int) -> ToolFragment:
    """Ollama sends a tool call in one piece."""
    whole = tool_call(call, at)
    return ToolFragment(index=at, id=whole.id, name=whole.function.name, arguments=whole.function.arguments)
