"""Streamed answers of Cohere's API: named events, ended by `message-end`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from ... import tokens
from ...answer import Answer, Choice, UsageForm
from ...exchange import Exchange
from ...narrowing import Json
from ...script import Frame, Part, Script
from ...timing import Timing
from .. import sse
from .writing import plan, reason, tool_call, usage

_EMPTY: Json = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}


def write(answer: Answer, timing: Timing, exchange: Exchange) -> Script:
    return Script(200, tuple(_Events(answer, timing, exchange).all()), {}, sse.EVENTS, stream=True)


def broken_off() -> bytes:
    """An answer that fails while it is written."""
    delta = {"finish_reason": "ERROR", "error": "an internal error occurred while generating the response"}
    return _event("message-end", {"delta": delta})


@dataclass(frozen=True, slots=True)
class _Events:
    answer: Answer
    timing: Timing
    exchange: Exchange

    @property
    def _choice(self) -> Choice:
        return self.answer.choices[0]

    def all(self) -> Iterator[Frame]:
        choice, at = self._choice, 0
        head = _event("message-start", {"id": self.exchange.id, "delta": {"message": _EMPTY}})
        yield self._frame(head, 0, Part.HEAD)
        spoken = 0
        for kind, text in (("thinking", choice.reasoning), ("text", choice.text or choice.refusal or "")):
            if text:
                yield from self._content(at, kind, text, spoken)
                spoken += tokens.count(text)
                at += 1
        if choice.call:
            yield from self._call(choice, spoken)
        yield from self._ended(max(spoken - 1, 0))

    def _content(self, at: int, kind: str, text: str, first: int) -> Iterator[Frame]:
        start: Json = {"index": at, "delta": {"message": {"content": {"type": kind, kind: ""}}}}
        yield self._frame(_event("content-start", start), first, Part.HEAD)
        delta: Json = {"index": at, "delta": {"message": {"content": {kind: sse.TOKEN}}}}
        yield from sse.of_tokens(_event("content-delta", delta), text, first, self.timing)
        yield self._frame(_event("content-end", {"index": at}), first + tokens.count(text) - 1, Part.HEAD)

    def _call(self, choice: Choice, token: int) -> Iterator[Frame]:
        """What the model means to do, and the call, whose arguments come in pieces."""
        assert choice.call
        for piece in tokens.pieces(plan(choice)):
            told: Json = {"delta": {"message": {"tool_plan": piece}}}
            yield self._frame(_event("tool-plan-delta", told), token, Part.TEXT)
        call = tool_call(choice, self.exchange)
        call["function"] = {"name": choice.call.name, "arguments": ""}
        yield self._frame(_event("tool-call-start", {"index": 0, "delta": _calls(call)}), token, Part.TEXT)
        for piece in tokens.pieces(json.dumps(choice.call.arguments, ensure_ascii=False)):
            more = _calls({"function": {"arguments": piece}})
            yield self._frame(_event("tool-call-delta", {"index": 0, "delta": more}), token, Part.TEXT)
        yield self._frame(_event("tool-call-end", {"index": 0}), token, Part.HEAD)

    def _ended(self, token: int) -> Iterator[Frame]:
        told = {} if self.answer.usage_form is UsageForm.MISSING else {"usage": usage(self.answer)}
        end = {"id": self.exchange.id, "delta": {"finish_reason": reason(self._choice), **told}}
        yield self._frame(_event("message-end", end), token, Part.END)

    def _frame(self, data: bytes, token: int, part: Part) -> Frame:
        return Frame(data, self.timing.due_s(token), part)


def _calls(call: Json) -> Json:
    return {"message": {"tool_calls": call}}


def _event(name: str, body: Json) -> bytes:
    return sse.event({"type": name, **body}, name)
