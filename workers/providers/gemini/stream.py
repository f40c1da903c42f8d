"""A streamed answer out of Gemini's events, each a whole answer with the parts that are new (C.7)."""

from typing import Any

from ....routing.failure import Failure
from ....tasks.answer import Answer, ToolFragment
from ..dialect import Ask, Delta, Reply
from ..error_body import error_in
from ..json_fields import first, mapping, mappings, text
from .failure import failure_in
from .response import answer_in, tool_call
from .usage import usage_of


class CandidateReader:
    """The stream simply ends; it was whole if a finish reason was seen, or the prompt was blocked.

    Counts are totals, and may go down: the last ones are right.
    """

    def __init__(self, ask: Ask, head: Reply) -> None:
        self._ask = ask
        self._head = head
        self._body: dict[str, Any] = {}
        self._candidate: dict[str, Any] = {}
        self._parts: list[dict[str, Any]] = []
        self._calls = 0

    @property
    def complete(self) -> bool:
        return bool(self._candidate.get("finishReason") or mapping(self._body.get("promptFeedback")).get("blockReason"))

    @property
    def ended(self) -> bool:
        """Never before the end of the stream: older models send a finish reason with each event."""
        return False

    def error(self, value: object) -> Failure | None:
        found = error_in(value)
        return failure_in(found, self._head) if found is not None else None

    def take(self, event: dict[str, Any]) -> Delta:
        counted = mapping(event.get("usageMetadata"))
        self._body |= {name: value for name, value in event.items() if name != "candidates" and value}
        candidate = first([each for each in mappings(event.get("candidates")) if each.get("index", 0) == 0])
        self._candidate |= {name: value for name, value in candidate.items() if value}
        parts = mappings(mapping(candidate.get("content")).get("parts"))
        self._parts += parts
        return Delta(
            text="".join(text(part.get("text")) for part in parts if not part.get("thought")),
            reasoning="".join(text(part.get("text")) for part in parts if part.get("thought")),
            tool_calls=tuple(self._fragment(part) for part in parts if mapping(part.get("functionCall"))),
            usage=usage_of(counted) if counted else None,
        )

    def answer(self) -> Answer | Failure:
        candidates = [{**self._candidate, "content": {"parts": self._parts}}] if self._candidate else []
        return answer_in(self._ask, {**self._body, "candidates": candidates}, self._head)

    def _fragment(self, part: dict[str, Any]) -> ToolFragment:
        at, self._calls = self._calls, self._calls + 1
        whole = tool_call(mapping(part.get("functionCall")), at)
        return ToolFragment(at, whole.id, whole.function.name, whole.function.arguments)
