"""The tool calls of one choice, put together from the fragments of a stream."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from ....tasks.answer import ToolFragment
from ..json_fields import mapping, text


@dataclass(slots=True)
class _Call:
    id: str = ""
    name: str = ""
    arguments: list[str] = field(default_factory=list[str])

    def add(self, piece: ToolFragment) -> None:
        self.id = self.id or piece.id
        self.name = self.name or piece.name
        self.arguments.append(piece.arguments)

    def body(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "function",
            "function": {"name": self.name, "arguments": "".join(self.arguments)},
        }


class ToolCalls:
    """Pieces belong together by their index. Ollama and gateways give all calls of a turn the same one, others none:
    there, what has a name and another id begins a call.
    """

    def __init__(self) -> None:
        self._calls: dict[int, _Call] = {}
        #: Index as it was sent -> number of the call that has it now.
        self._numbers: dict[int, int] = {}
        self._last: int | None = None

    def add(self, fragment: dict[str, Any]) -> ToolFragment:
        """The fragment under the number of its call, which is its own for as long as the stream lasts."""
        function, index = mapping(fragment.get("function")), fragment.get("index")
        piece = ToolFragment(
            0, text(fragment.get("id")), text(function.get("name")), _arguments(function.get("arguments"))
        )
        number = self._number(index if isinstance(index, int) else None, piece)
        self._calls.setdefault(number, _Call()).add(piece)
        self._last = number
        return replace(piece, index=number)

    def bodies(self) -> list[dict[str, Any]]:
        return [self._calls[number].body() for number in sorted(self._calls)]

    def _number(self, index: int | None, piece: ToolFragment) -> int:
        known = self._last if index is None else self._numbers.get(index)
        if known is not None and not self._begins(index, piece, self._calls[known]):
            return known
        number = max(self._calls, default=-1) + 1 if index is None or index in self._calls else index
        if index is not None:
            self._numbers[index] = number
        return number

    @staticmethod
    def _begins(index: int | None, piece: ToolFragment, call: _Call) -> bool:
        if not (piece.name and call.name):
            return False
        return piece.id != call.id if piece.id and call.id else index is None


def _arguments(value: object) -> str:
    """Text, in pieces; some servers send them whole, as the object that they are."""
    return text(value) or (json.dumps(value, ensure_ascii=False) if mapping(value) else "")
