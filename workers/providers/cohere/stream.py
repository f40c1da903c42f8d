"""A streamed answer out of Cohere's events, put together to the body that would have come without streaming (C.8)."""

from typing import Any

from ....routing.failure import Failure
from ....tasks.answer import Answer, ToolFragment
from ..dialect import Ask, Delta, Reply
from ..error_body import error_in
from ..faults import failure_in
from ..json_fields import count, mapping, text
from .response import answer_in
from .usage import usage_of

_BLOCKS = ("content-start", "content-delta")
_CALLS = ("tool-call-start", "tool-call-delta")


class ChatReader:
    """Unknown events are passed over."""

    def __init__(self, ask: Ask, head: Reply) -> None:
        self._ask = ask
        self._head = head
        self._id = ""
        self._plan: list[str] = []
        self._blocks: dict[int, dict[str, Any]] = {}
        self._calls: dict[int, dict[str, Any]] = {}
        self._end: dict[str, Any] = {}

    @property
    def complete(self) -> bool:
        return bool(self._end)

    @property
    def ended(self) -> bool:
        return self.complete

    def error(self, value: object) -> Failure | None:
        """A failure that comes with the end of the message is read with it."""
        found = error_in(value)
        return failure_in(found, self._head) if found is not None else None

    def take(self, event: dict[str, Any]) -> Delta | None:
        kind, at, delta = event.get("type"), count(event.get("index")), mapping(event.get("delta"))
        message = mapping(delta.get("message"))
        if kind == "message-start":
            self._id = text(event.get("id"))
            return Delta()
        if kind in _BLOCKS:
            return self._content(at, mapping(message.get("content")))
        if kind in _CALLS:
            return self._call(at, mapping(message.get("tool_calls")))
        if kind == "tool-plan-delta":
            self._plan.append(text(message.get("tool_plan")))
            return Delta(reasoning=self._plan[-1])
        return self._ended(event, delta) if kind == "message-end" else Delta()

    def answer(self) -> Answer | Failure:
        message = {
            "content": [block for _, block in sorted(self._blocks.items())],
            "tool_calls": [call for _, call in sorted(self._calls.items())],
            "tool_plan": "".join(self._plan),
        }
        return answer_in(self._ask, {**self._end, "id": self._id, "message": message}, self._head)

    def _content(self, at: int, piece: dict[str, Any]) -> Delta:
        block = self._blocks.setdefault(at, {"type": "text"})
        said, thought = text(piece.get("text")), text(piece.get("thinking"))
        block["type"] = text(piece.get("type")) or ("thinking" if thought else block["type"])
        block["text"] = text(block.get("text")) + said
        block["thinking"] = text(block.get("thinking")) + thought
        return Delta(text=said, reasoning=thought)

    def _call(self, at: int, piece: dict[str, Any]) -> Delta:
        function = mapping(piece.get("function"))
        call = self._calls.setdefault(at, {"id": "", "function": {"name": "", "arguments": ""}})
        fragment = ToolFragment(at, text(piece.get("id")), text(function.get("name")), text(function.get("arguments")))
        call["id"] = call["id"] or fragment.id
        call["function"]["name"] = call["function"]["name"] or fragment.name
        call["function"]["arguments"] += fragment.arguments
        return Delta(tool_calls=(fragment,))

    def _ended(self, event: dict[str, Any], delta: dict[str, Any]) -> Delta:
        self._id = self._id or text(event.get("id"))
        self._end = delta or {"finish_reason": ""}
        counted = mapping(delta.get("usage"))
        return Delta(usage=usage_of(counted) if counted else None)
