"""Whether an answer is a good one. A rejected answer is a failed attempt, and the next target is asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from ...routing.lanes import canonical
from ...tasks.answer import Answer, FinishReason
from ...tasks.errors import UnknownName
from ...tasks.request import Request
from .answer_code import NothingFound, json_in, python_in, python_tests_in
from .json_schema import UnusableSchema, mismatch


@dataclass(frozen=True, slots=True)
class Verdict:
    """rejection: why the answer is not good enough, None if it is."""

    rejection: str | None = None

    @property
    def accepted(self) -> bool:
        return self.rejection is None


_ACCEPTED: Final = Verdict()


def judge(name: str, answer: Answer, request: Request) -> Verdict:
    """What the judge of that name says. Raises UnknownName, which names those there are."""
    chosen = JUDGES.get(canonical(name))
    if chosen is None:
        raise UnknownName("judge", name, JUDGES)
    verdict = chosen(answer, request)
    if verdict.rejection is not None and answer.finish_reason is FinishReason.LENGTH:
        return Verdict(f"{verdict.rejection} (the answer was cut off at max_tokens)")
    return verdict


def _nonempty(answer: Answer, _: Request) -> Verdict:
    if answer.text.strip() or answer.tool_calls or answer.embeddings:
        return _ACCEPTED
    return Verdict("the answer is empty")


def _python(answer: Answer, _: Request) -> Verdict:
    return _by_finding(python_in, answer)


def _python_tests(answer: Answer, _: Request) -> Verdict:
    return _by_finding(python_tests_in, answer)


def _by_finding(find: Callable[[str], str], answer: Answer) -> Verdict:
    try:
        find(answer.text)
    except NothingFound as fault:
        return Verdict(str(fault))
    return _ACCEPTED


def _json(answer: Answer, request: Request) -> Verdict:
    try:
        value = json_in(answer.text)
    except NothingFound as fault:
        return Verdict(str(fault))
    asked = request.response_format
    if asked is None:
        return _ACCEPTED
    if asked.type == "json_object" and not isinstance(value, dict):
        return Verdict("the JSON is not an object")
    schema = (asked.json_schema or {}).get("schema")
    return _by_schema(value, schema) if isinstance(schema, dict) else _ACCEPTED


def _by_schema(value: JsonValue, schema: dict[str, JsonValue]) -> Verdict:
    try:
        return Verdict(mismatch(value, schema))
    except UnusableSchema:
        # Not the answer's fault: to reject it would buy the same answer from every target.
        return _ACCEPTED


#: `python-tests`: Python that parses and holds at least one test. `python`: Python that parses. `json`: JSON, of the
#: shape that the request's response_format asks for. `nonempty`: any text, tool call or vector.
JUDGES: Final[Mapping[str, Callable[[Answer, Request], Verdict]]] = {
    "python-tests": _python_tests,
    "python": _python,
    "json": _json,
    "nonempty": _nonempty,
}
