"""What a request is for: which dialect, which operation, and what it asks.

A request that cannot be read is a problem, worded by the dialect whose path it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from .ask import GENERATION, Ask, Operation
from .dialects.dialect import Dialect
from .dialects.voices import Voice, heard, hint
from .problem import Problem, Refused
from .settings import FlavourName, Settings

_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Incoming:
    """path: with its query, without the provider's name. ask: None unless the operation uses a model and could be read.
    flavour: the one that the path names, None if it names none.
    """

    dialect: Dialect
    operation: Operation | None
    path: str
    body: bytes = b""
    ask: Ask | None = None
    problem: Problem | None = None
    flavour: FlavourName | None = None

    @property
    def model(self) -> str:
        return self.ask.model if self.ask else ""


def read(
    method: str, target: str, body: bytes, settings: Settings, headers: Mapping[str, str] = _NO_HEADERS
) -> Incoming:
    """target: the path with its query."""
    voice, path = _voice(method, target, settings, headers)
    operation, dialect, flavour = voice.operation, voice.dialect, voice.flavour
    if operation is None or operation not in GENERATION:
        return Incoming(dialect, operation, path, body, problem=voice.problem, flavour=flavour)
    try:
        return Incoming(dialect, operation, path, body, dialect.read(operation, path, body, settings), flavour=flavour)
    except Refused as refused:
        return Incoming(dialect, operation, path, body, problem=refused.problem, flavour=flavour)


def refused(
    problem: Problem, method: str, target: str, settings: Settings, headers: Mapping[str, str] = _NO_HEADERS
) -> Incoming:
    """A request whose body was not read."""
    voice, path = _voice(method, target, settings, headers)
    return Incoming(voice.dialect, voice.operation, path, problem=problem, flavour=voice.flavour)


def _voice(method: str, target: str, settings: Settings, headers: Mapping[str, str]) -> tuple[Voice, str]:
    """Whom it asks, and the path without the name, with its query."""
    path, mark, query = target.partition("?")
    voice = heard(method, path, hint(headers, path, query), settings.dialect)
    return voice, voice.path + mark + query
