"""Answers of Ollama's API: one JSON object, or one a line for each token."""

from collections.abc import Iterator
from dataclasses import dataclass

from ...answer import Answer, Choice, Finish, UsageForm
from ...ask import Ask, Operation
from ...exchange import Exchange
from ...narrowing import Json
from ...script import Frame, Part, Script, whole
from ...spans import moment
from ...timing import Timing
from .. import sse
from ..dialect import encode

NDJSON = "application/x-ndjson"

_REASONS = {Finish.LENGTH: "length", Finish.LOAD: "load", Finish.UNLOAD: "unload"}


def write(ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Script:
    if ask.operation is Operation.EMBEDDING:
        body = _embeddings(ask, answer, timing, exchange)
        return whole(200, encode(body).encode(), due_s=timing.total_s(0))
    lines = _Lines(ask, answer, timing, exchange)
    if ask.stream and not ask.load_only:
        return Script(200, tuple(lines.frames()), content_type=NDJSON, stream=True)
    due_s = timing.load_s if ask.load_only else timing.total_s(answer.completion_tokens)
    return whole(200, encode(lines.all()).encode(), due_s=due_s)


@dataclass(frozen=True, slots=True)
class _Lines:
    ask: Ask
    answer: Answer
    timing: Timing
    exchange: Exchange

    @property
    def _choice(self) -> Choice:
        return self.answer.choices[0]

    def all(self) -> Json:
        choice = self._choice
        said = self._said(choice.text)
        if choice.reasoning:
            self._holder(said)["thinking"] = choice.reasoning
        if choice.call:
            self._holder(said)["tool_calls"] = [_call(choice)]
        return self._last(said)

    def frames(self) -> Iterator[Frame]:
        choice = self._choice
        spoken = 0
        for field, text in (("thinking", choice.reasoning), ("content", choice.text)):
            for frame in self._tokens(field, text, spoken):
                spoken += 1
                yield frame
        if choice.call:
            said = self._said("")
            self._holder(said)["tool_calls"] = [_call(choice)]
            yield Frame(_line(self._object(said) | {"done": False}), self.timing.due_s(spoken), Part.TEXT)
        yield Frame(_line(self._last(self._said(""))), self.timing.due_s(max(spoken - 1, 0)), Part.END)

    def _tokens(self, field: str, text: str, first: int) -> Iterator[Frame]:
        if not text:
            return
        said = self._said(sse.TOKEN if field == "content" else "")
        if field == "thinking":
            self._holder(said)["thinking"] = sse.TOKEN
        yield from sse.of_tokens(_line(self._object(said) | {"done": False}), text, first, self.timing)

    def _said(self, text: str) -> Json:
        if self.ask.operation is Operation.CHAT:
            return {"message": {"role": "assistant", "content": text}}
        return {"response": text}

    @staticmethod
    def _holder(said: Json) -> Json:
        """Where reasoning and tool calls are put."""
        message: Json = said.get("message", said)
        return message

    def _object(self, said: Json) -> Json:
        return {"model": self.ask.model, "created_at": moment(self.exchange.at), **said}

    def _last(self, said: Json) -> Json:
        answer, timing = self.answer, self.timing
        body = self._object(said) | {"done": True, "done_reason": _REASONS.get(self._choice.finish, "stop")}
        if self.ask.load_only:
            return body
        if self.ask.operation is Operation.COMPLETION:
            body["context"] = []
        counts = {"prompt_eval_count": answer.prompt_tokens, "eval_count": answer.completion_tokens}
        spans_s = {
            "total_duration": self.exchange.queue_s + timing.total_s(answer.completion_tokens),
            "load_duration": timing.load_s,
            "prompt_eval_duration": timing.first_s,
            "eval_duration": timing.token_s * answer.completion_tokens,
        }
        told = {} if answer.usage_form is UsageForm.MISSING else counts
        # As Go's omitempty has it, a zero disappears.
        return body | {name: value for name, value in ({**_ns(spans_s), **told}).items() if value}


def _embeddings(ask: Ask, answer: Answer, timing: Timing, exchange: Exchange) -> Json:
    if exchange.path.startswith("/api/embeddings"):
        return {"embedding": answer.vectors[0] if answer.vectors else []}
    spans_s = {"total_duration": timing.total_s(0), "load_duration": timing.load_s}
    told = {} if answer.usage_form is UsageForm.MISSING else {"prompt_eval_count": answer.prompt_tokens}
    return {"model": ask.model, "embeddings": answer.vectors, **_ns(spans_s), **told}


def _call(choice: Choice) -> Json:
    assert choice.call
    return {"function": {"name": choice.call.name, "arguments": choice.call.arguments}}


def _ns(spans_s: dict[str, float]) -> dict[str, int]:
    return {name: round(span_s * 1e9) for name, span_s in spans_s.items()}


def _line(body: Json) -> bytes:
    return encode(body).encode() + b"\n"
