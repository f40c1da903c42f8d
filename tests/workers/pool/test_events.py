"""The catalogue of events and the code agree: what is logged is described, and what is described is logged."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from workfleet.workers.pool.events import EVENTS

ROOT = Path(__file__).parents[3]
METHODS = {"debug", "info", "warning", "error", "exception", "critical"}
LOGGERS = {"log", "_log"}
NAME = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")

#: What a logging call may carry besides its event's fields.
ALWAYS = {"exc_info"}

#: Fields by these names would hold what a user wrote, what a model answered, or a credential.
FORBIDDEN = {"prompt", "messages", "content", "answer", "text", "body", "request", "response", "api_key", "headers"}


@dataclass(frozen=True)
class Emitted:
    where: str
    name: str | None
    fields: frozenset[str]
    unnamed: bool  #: whether it has more fields, from a mapping


def emitted(path: Path) -> Iterator[Emitted]:
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(value=logger, attr=method)) if (
                method in METHODS and _last_name(logger) in LOGGERS
            ):
                yield Emitted(
                    where=f"{path.relative_to(ROOT)}:{node.lineno}",
                    name=_constant(node.args),
                    fields=frozenset(keyword.arg for keyword in node.keywords if keyword.arg),
                    unnamed=any(keyword.arg is None for keyword in node.keywords),
                )
            case _:
                continue


def _constant(arguments: list[ast.expr]) -> str | None:
    """The event's name, None if it is computed, which the catalogue could not know."""
    match arguments:
        case [ast.Constant(value=str(name)), *_]:
            return name
        case _:
            return None


def _last_name(node: ast.expr) -> str | None:
    """`log` of `log`, `self.log` and `log.bind(…)`."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=ast.Attribute(value=value, attr="bind")):
            return _last_name(value)
        case _:
            return None


@pytest.fixture(scope="module")
def calls() -> list[Emitted]:
    files = [path for package in ("routing", "tasks", "workers") for path in sorted((ROOT / package).rglob("*.py"))]
    return [call for path in files for call in emitted(path)]


def test_every_event_that_is_logged_is_in_the_catalogue(calls: list[Emitted]) -> None:
    assert [f"{call.where}: {call.name}" for call in calls if call.name not in EVENTS] == []


def test_every_event_in_the_catalogue_is_logged(calls: list[Emitted]) -> None:
    assert sorted(EVENTS.keys() - {call.name for call in calls}) == []


def test_no_event_has_a_field_that_the_catalogue_lacks(calls: list[Emitted]) -> None:
    known = {name: set(event.fields) | ALWAYS for name, event in EVENTS.items()}
    surplus = {call.where: call.fields - known.get(call.name or "", set()) for call in calls}
    assert {where: fields for where, fields in surplus.items() if fields} == {}


def test_no_field_of_the_catalogue_is_never_logged(calls: list[Emitted]) -> None:
    seen: dict[str, set[str]] = defaultdict(set)
    for call in calls:
        seen[call.name or ""] |= set(EVENTS[call.name or ""].fields) if call.unnamed else call.fields
    unused = {name: set(event.fields) - seen[name] for name, event in EVENTS.items()}
    assert {name: fields for name, fields in unused.items() if fields} == {}


@pytest.mark.parametrize("name", EVENTS)
def test_a_name_is_noun_dot_verb(name: str) -> None:
    assert NAME.fullmatch(name)


@pytest.mark.parametrize("name", EVENTS)
def test_no_event_has_a_field_for_what_must_not_be_logged(name: str) -> None:
    assert not FORBIDDEN & set(EVENTS[name].fields)
