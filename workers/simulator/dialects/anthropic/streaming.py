"""Streamed answers of the Messages API: named events, a content block after the other, ended by `message_stop`."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from ... import tokens
from ...answer import Answer, Choice, UsageForm
from ...ask import Ask
from ...exchange import Exchange
from ...narrowing import Json
from ...script import Frame, Part, Script
from ...timing import Timing
from .. import sse
from . import wording
from .writing import SIGNATURE, opening, reason, tool_use, usage

PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def write(ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script:
    frames = tuple(_Events(ask, answer, timing, exchange).all())
    return Script(200, frames, wording.headers(exchange), sse.EVENTS, stream=True, keep_alive=PING)


@dataclass(frozen=True, slots=True)
class _Events:
    ask: Ask
    answer: Answer
    timing: Timing
    exchange: Exchange

    @property
    def _choice(self) -> Choice:
        return self.answer.choices[0]

    def all(self) -> Iterator[Frame]:
        """A block is opened, filled and closed before the next."""
        choice, at = self._choice, 0
        yield self._frame({"type": "message_start", "message": self._started()}, 0, Part.HEAD)
        yield Frame(PING, self.timing.due_s(0), Part.COMMENT)
        thought = tokens.count(choice.reasoning)
        if choice.reasoning:
            signed: Json = {"type": "signature_delta", "signature": SIGNATURE}
            block = {"type": "thinking", "thinking": "", "signature": ""}
            yield from self._block(at, block, self._tokens(at, "thinking", choice.reasoning, 0), signed, thought)
            at += 1
        text = choice.text or choice.refusal or ""
        if text:
            filled = self._tokens(at, "text", text, thought)
            yield from self._block(at, {"type": "text", "text": ""}, filled, None, thought)
            at += 1
        spoken = max(thought + tokens.count(text), 1)
        if choice.call:
            yield from self._block(at, tool_use(choice, self.exchange), self._arguments(at, spoken), None, spoken)
        yield from self._ended(spoken - 1)

    def _started(self) -> Json:
        body = opening(self.ask, self.exchange)
        match self.answer.usage_form:
            case UsageForm.MISSING:
                return body
            case UsageForm.CHANGING:
                return body | {"usage": usage(self.answer, input_tokens=self.answer.prompt_tokens + 2, output_tokens=1)}
            case _:
                return body | {"usage": usage(self.answer, output_tokens=1)}

    def _ended(self, token: int) -> Iterator[Frame]:
        delta = {"stop_reason": reason(self._choice), "stop_sequence": None, "stop_details": None}
        told = {} if self.answer.usage_form is UsageForm.MISSING else {"usage": usage(self.answer)}
        yield self._frame({"type": "message_delta", "delta": delta, **told}, token, Part.LAST)
        yield self._frame({"type": "message_stop"}, token, Part.END)

    def _block(self, at: int, block: Json, filled: Iterator[Frame], signed: Json | None, token: int) -> Iterator[Frame]:
        """token: the number of its first one, or of the first after it for the events that have none."""
        first = 0 if block["type"] == "thinking" else token
        yield self._frame({"type": "content_block_start", "index": at, "content_block": block}, first, Part.HEAD)
        last_s = self.timing.due_s(first)
        for frame in filled:
            last_s = frame.due_s
            yield frame
        if signed:
            yield Frame(sse.event(self._delta(at, signed), "content_block_delta"), last_s, Part.HEAD)
        yield Frame(sse.event({"type": "content_block_stop", "index": at}, "content_block_stop"), last_s, Part.HEAD)

    def _tokens(self, at: int, kind: str, text: str, first: int) -> Iterator[Frame]:
        delta = self._delta(at, {"type": f"{kind}_delta", kind: sse.TOKEN})
        return sse.of_tokens(sse.event(delta, "content_block_delta"), text, first, self.timing)

    def _arguments(self, at: int, token: int) -> Iterator[Frame]:
        """A call's arguments come all at once, in pieces of which the first is empty."""
        assert self._choice.call
        arguments = json.dumps(self._choice.call.arguments, ensure_ascii=False)
        for piece in ("", *tokens.pieces(arguments)):
            delta = self._delta(at, {"type": "input_json_delta", "partial_json": piece})
            yield self._frame(delta, token, Part.TEXT)

    @staticmethod
    def _delta(at: int, delta: Json) -> Json:
        return {"type": "content_block_delta", "index": at, "delta": delta}

    def _frame(self, body: Json, token: int, part: Part) -> Frame:
        return Frame(sse.event(body, body["type"]), self.timing.due_s(token), part)
