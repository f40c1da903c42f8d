"""The chunks of a stream put together again to the body that would have come without streaming."""

from typing import Any

from ....tasks.answer import ToolFragment
from ..json_fields import count, mapping, mappings, text
from .response import content_of, reasoning_in
from .tool_calls import ToolCalls

_KINDS = {"chat.completion.chunk": "chat.completion"}
_OF_CHUNKS = ("choices", "usage", "object", "obfuscation", "error")


class ChoiceAssembly:
    def __init__(self) -> None:
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._refusal: list[str] = []
        self._calls = ToolCalls()
        self._logprobs: dict[str, Any] = {}
        self._fields: dict[str, Any] = {}

    def add(self, choice: dict[str, Any]) -> tuple[ToolFragment, ...]:
        """The tool calls' fragments that it holds."""
        delta = mapping(choice.get("delta"))
        content, thought = content_of(delta.get("content", choice.get("text")))
        self._content.append(content)
        self._reasoning.append(reasoning_in(delta) + thought)
        self._refusal.append(text(delta.get("refusal")))
        legacy = mapping(delta.get("function_call"))  # before there were several at a time
        pieces = [*mappings(delta.get("tool_calls")), *([{"function": legacy}] if legacy else [])]
        fragments = tuple(map(self._calls.add, pieces))
        for name, values in mapping(choice.get("logprobs")).items():
            if isinstance(values, list):
                self._logprobs.setdefault(name, []).extend(values)
        self._fields |= {
            name: value
            for name, value in choice.items()
            if name not in ("delta", "text", "logprobs") and (value is not None or name not in self._fields)
        }
        return fragments

    def body(self, *, chat: bool) -> dict[str, Any]:
        fields = {**self._fields, "logprobs": self._logprobs or None}
        content = "".join(self._content)
        if not chat:
            return {**fields, "text": content}
        refusal, reasoning = "".join(self._refusal), "".join(self._reasoning)
        calls = self._calls.bodies()
        message: dict[str, Any] = {"role": "assistant", "content": content if content or not calls else None}
        message["refusal"] = refusal or None
        message |= {"reasoning": reasoning} if reasoning else {}
        message |= {"tool_calls": calls} if calls else {}
        return {**fields, "message": message}


class Assembly:
    """Feed it every chunk of a stream that is no error. The last usage that is not null counts."""

    def __init__(self) -> None:
        self._fields: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._kind = "chat.completion"
        self._choices: dict[int, ChoiceAssembly] = {}

    def add(self, chunk: dict[str, Any]) -> tuple[ToolFragment, ...]:
        """The fragments of the answer's tool calls that it holds."""
        fragments: tuple[ToolFragment, ...] = ()
        for choice in mappings(chunk.get("choices")):
            at = count(choice.get("index"))
            added = self._choices.setdefault(at, ChoiceAssembly()).add(choice)
            fragments += added if at == 0 else ()
        self._usage = mapping(chunk.get("usage")) or mapping(mapping(chunk.get("x_groq")).get("usage")) or self._usage
        self._kind = text(chunk.get("object")) or self._kind
        for name, value in chunk.items():
            if name not in _OF_CHUNKS and value and not self._fields.get(name):
                self._fields[name] = value
        return fragments

    def body(self) -> dict[str, Any]:
        kind = _KINDS.get(self._kind, self._kind)
        chat = kind != "text_completion"
        return {
            **self._fields,
            "object": kind,
            "choices": [self._choices[at].body(chat=chat) for at in sorted(self._choices)],
            "usage": self._usage or None,
        }
