"""Streamed answers of the OpenAI API: server-sent events, one for each token, ended by `[DONE]`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ... import tokens
from ...answer import Answer, Choice, UsageForm
from ...ask import Ask, Operation
from ...exchange import Exchange
from ...narrowing import Json
from ...script import Frame, Part, Script
from ...timing import Timing
from .. import sse
from .flavours.flavour import Flavour
from .writing import tool_call


def write(ask: Ask, answer: Answer, timing: Timing, exchange: Exchange, flavour: Flavour) -> Script:
    chunks = _Chunks(ask, answer, timing, exchange, flavour)
    frames = [frame for index, choice in enumerate(answer.choices) for frame in chunks.of(index, choice)]
    if len(answer.choices) > 1:
        frames.sort(key=lambda frame: frame.due_s)
    frames += chunks.after(frames[-1].due_s)
    opening = flavour.opening(exchange)
    if opening:
        frames.insert(0, Frame(sse.event(opening), frames[0].due_s, Part.HEAD))
    if flavour.comment and timing.first_s > 0:
        frames.insert(0, Frame(flavour.comment, 0.0, Part.COMMENT))
    return Script(200, tuple(frames), flavour.headers(exchange), sse.EVENTS, stream=True)


@dataclass(frozen=True, slots=True)
class _Chunks:
    ask: Ask
    answer: Answer
    timing: Timing
    exchange: Exchange
    flavour: Flavour

    def of(self, index: int, choice: Choice) -> Iterator[Frame]:
        """The chunks of one choice, from its role to its finish reason."""
        due_s = self.timing.due_s
        if self._chat:
            yield Frame(sse.event(self._delta(index, {"role": "assistant", "content": ""})), due_s(0), Part.HEAD)
        spoken = 0
        if self.flavour.reasoning_shown:
            for frame in self._tokens(index, self.flavour.reasoning(sse.TOKEN), choice.reasoning, 0):
                spoken += 1
                yield frame
        else:
            spoken = tokens.count(choice.reasoning)
        for frame in self._tokens(index, {"content": sse.TOKEN}, choice.text, spoken):
            spoken += 1
            yield frame
        if choice.call:
            yield from self._call(index, choice, due_s(spoken))
        if choice.refusal:
            yield Frame(sse.event(self._delta(index, {"refusal": choice.refusal})), due_s(spoken), Part.TEXT)
        yield Frame(sse.event(self._last(index, choice)), due_s(max(spoken - 1, 0)), Part.LAST)

    def after(self, due_s: float) -> Iterator[Frame]:
        """The usage, if it comes in a chunk of its own, and the marker of the end."""
        form, wanted = self.answer.usage_form, self.ask.include_usage or self.flavour.usage_unasked
        if wanted and form is not UsageForm.MISSING and not self.flavour.usage_in_last:
            yield Frame(sse.event(self._chunk([], {"usage": self._usage})), due_s, Part.USAGE)
        if form is UsageForm.NULL_AFTER:
            yield Frame(sse.event(self._chunk([], {"usage": None})), due_s, Part.USAGE)
        yield Frame(sse.DONE, due_s, Part.END)

    @property
    def _chat(self) -> bool:
        return self.ask.operation is Operation.CHAT

    @property
    def _usage(self) -> Json:
        return self.flavour.usage(self.answer, self.timing, self.exchange)

    def _tokens(self, index: int, delta: Json, text: str, first: int) -> Iterable[Frame]:
        return sse.of_tokens(sse.event(self._delta(index, delta)), text, first, self.timing) if text else ()

    def _call(self, index: int, choice: Choice, due_s: float) -> Iterator[Frame]:
        assert choice.call
        call = tool_call(choice.call, self.exchange)
        arguments = call["function"]["arguments"]
        opened = {**call, "index": 0, "function": {**call["function"], "arguments": ""}}
        yield Frame(sse.event(self._delta(index, {"tool_calls": [opened]})), due_s, Part.TEXT)
        for piece in tokens.pieces(arguments):
            delta = {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
            yield Frame(sse.event(self._delta(index, delta)), due_s, Part.TEXT)

    def _delta(self, index: int, delta: Json) -> Json:
        said: Json = {"delta": delta} if self._chat else {"text": delta.get("content", "")}
        choice = {"index": index, **said, **self.flavour.choice_extras(None), "finish_reason": None}
        return self._chunk([choice], self._early_usage)

    def _last(self, index: int, choice: Choice) -> Json:
        said: Json = {"delta": {}} if self._chat else {"text": ""}
        ended = {
            "index": index,
            **said,
            **self.flavour.choice_extras(choice),
            "finish_reason": self.flavour.finish(choice),
        }
        told = self.flavour.usage_in_last and self.answer.usage_form is not UsageForm.MISSING
        return self._chunk([ended], self.flavour.last_extras(self._usage, self.exchange) if told else self._early_usage)

    @property
    def _early_usage(self) -> Json:
        """What chunks before the usage say of it; with changing counts, other counts."""
        if self.answer.usage_form is UsageForm.CHANGING:
            return {"usage": self._usage | {"prompt_tokens": self.answer.prompt_tokens + 2, "completion_tokens": 1}}
        return {"usage": None} if self.ask.include_usage and self.flavour.null_usage else {}

    def _chunk(self, choices: list[Json], extras: Json) -> Json:
        return {
            "id": self.flavour.id(self.exchange),
            "object": "chat.completion.chunk" if self._chat else "text_completion",
            "created": int(self.exchange.at),
            "model": self.ask.model,
            **self.flavour.body_extras(self.answer, self.timing, self.exchange),
            "choices": choices,
            **extras,
        }
