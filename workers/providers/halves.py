"""Characters that come in halves: servers that cut a stream by UTF-16's units send `\\ud83d` in one event, `\\ude00` in
the next, and models write lone halves into the arguments of tools. Nothing behind here could store them.
"""

from dataclasses import replace
from typing import Any

from ...routing.failure import Failure
from ...tasks.answer import Answer
from ...tasks.characters import first_half, whole
from ...tasks.request import ToolCall
from .dialect import Delta


def mended(outcome: Answer | Failure) -> Answer | Failure:
    """The same with whole characters."""
    if isinstance(outcome, Failure):
        changed = _changed(outcome, "message", "code", "parameter")
        return replace(outcome, **changed) if changed else outcome
    changed = _changed(outcome, "text", "reasoning", "raw_finish_reason", "model", "request_id")
    calls = tuple(map(_call, outcome.tool_calls))
    changed |= {"tool_calls": calls} if calls != outcome.tool_calls else {}
    return outcome.model_copy(update=changed) if changed else outcome


def _call(call: ToolCall) -> ToolCall:
    changed, function = _changed(call, "id"), _changed(call.function, "name", "arguments")
    changed |= {"function": call.function.model_copy(update=function)} if function else {}
    return call.model_copy(update=changed) if changed else call


def _changed(value: object, *names: str) -> dict[str, Any]:
    """The fields that hold halves, made whole."""
    texts: dict[str, str] = {name: getattr(value, name) or "" for name in names}
    return {name: mend for name, text in texts.items() if (mend := whole(text)) is not text}


class Halves:
    """Of one stream: keeps a first half back until the other comes."""

    def __init__(self) -> None:
        self._text = ""
        self._reasoning = ""

    def take(self, delta: Delta) -> Delta:
        """The delta with whole characters, of which the last may wait for the next."""
        if not (self._text or self._reasoning) and delta.text.isascii() and delta.reasoning.isascii():
            return delta
        text, self._text = _cut(self._text + delta.text)
        reasoning, self._reasoning = _cut(self._reasoning + delta.reasoning)
        return replace(delta, text=text, reasoning=reasoning)


def _cut(text: str) -> tuple[str, str]:
    return (whole(text[:-1]), text[-1]) if first_half(text) else (whole(text), "")
