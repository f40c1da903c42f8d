"""A streamed message out of Anthropic's events, put together to the body that would have come without streaming."""

import json
from typing import Any

from ....routing.failure import Failure
from ....tasks.answer import Answer, ToolFragment
from ..dialect import Ask, Delta, Reply
from ..error_body import error_in
from ..json_fields import count, mapping, parse, text
from .failure import failure_in
from .response import answer_in
from .shape import ANSWER_TOOL, by_tool
from .usage import usage_of

#: A delta's type, its field, and the field of the block that it belongs to.
_ADDS = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}


class MessageReader:
    """Unknown events and blocks are passed over, as the API's terms ask."""

    def __init__(self, ask: Ask, head: Reply) -> None:
        self._ask = ask
        self._head = head
        self._message: dict[str, Any] = {}
        self._blocks: dict[int, dict[str, Any]] = {}
        self._inputs: dict[int, list[str]] = {}
        self._unwraps = by_tool(ask.model, ask.request.response_format)
        self.complete = False

    @property
    def ended(self) -> bool:
        return self.complete

    def error(self, value: object) -> Failure | None:
        found = error_in(value)
        return failure_in(found, self._head) if found is not None else None

    def take(self, event: dict[str, Any]) -> Delta | None:
        match event.get("type"):
            case "message_start":
                self._message = mapping(event.get("message"))
                counted = mapping(self._message.get("usage"))
                return Delta(usage=usage_of(counted) if counted else None)
            case "content_block_start":
                return self._started(count(event.get("index")), mapping(event.get("content_block")))
            case "content_block_delta":
                return self._added(count(event.get("index")), mapping(event.get("delta")))
            case "message_delta":
                return self._changed(event)
            case "message_stop":
                self.complete = True
                return Delta()
            case _:
                # Pings go on for ever, whether the model is at work or not.
                return None

    def answer(self) -> Answer | Failure:
        return answer_in(self._ask, {**self._message, "content": self._content()}, self._head)

    def _content(self) -> list[dict[str, Any]]:
        return [self._with_input(at, block) for at, block in sorted(self._blocks.items())]

    def _with_input(self, at: int, block: dict[str, Any]) -> dict[str, Any]:
        """What is no object is kept as the model wrote it: it may have been cut off in the middle."""
        given = "".join(self._inputs.get(at, ()))
        return {**block, "input": mapping(parse(given)) or given} if given else block

    def _started(self, at: int, block: dict[str, Any]) -> Delta:
        self._blocks[at] = dict(block)
        kind = block.get("type")
        if kind == "tool_use" and not (self._unwraps and block.get("name") == ANSWER_TOOL):
            given = mapping(block.get("input"))
            arguments = json.dumps(given, ensure_ascii=False) if given else ""
            return Delta(tool_calls=(ToolFragment(at, text(block.get("id")), text(block.get("name")), arguments),))
        said = text(block.get("text")) if kind == "text" else ""
        return Delta(text=said, reasoning=text(block.get("thinking")) if kind == "thinking" else "")

    def _added(self, at: int, delta: dict[str, Any]) -> Delta:
        block = self._blocks.setdefault(at, {})
        kind = text(delta.get("type"))
        if kind == "input_json_delta":
            return self._input(at, block, text(delta.get("partial_json")))
        name = _ADDS.get(kind)
        piece = text(delta.get(name)) if name else ""
        if name:
            block[name] = text(block.get(name)) + piece
        return Delta(text=piece if name == "text" else "", reasoning=piece if name == "thinking" else "")

    def _input(self, at: int, block: dict[str, Any], piece: str) -> Delta:
        self._inputs.setdefault(at, []).append(piece)
        if block.get("type") != "tool_use" or not piece:
            return Delta()
        if self._unwraps and block.get("name") == ANSWER_TOOL:
            return Delta(text=piece)
        return Delta(tool_calls=(ToolFragment(at, arguments=piece),))

    def _changed(self, event: dict[str, Any]) -> Delta:
        """Counts are totals, and later ones stand for earlier ones, the input's too; null says nothing."""
        told = {name: value for name, value in mapping(event.get("usage")).items() if value is not None}
        usage = mapping(self._message.get("usage")) | told
        self._message = self._message | mapping(event.get("delta")) | {"usage": usage}
        return Delta(usage=usage_of(usage) if told else None)
