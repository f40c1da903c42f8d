"""What a request is for: which dialect, which operation, and what it asks.

A request that cannot be read is a problem, worded by the dialect whose path it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .ask import GENERATION, Ask, Operation
from .dialects.dialect import Dialect
from .dialects.voices import Voice, heard, hint
from .problem import Problem, Refused
from .settings import FlavourName, Settings

_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Incoming:
    """path: with its query, without the provider's name. ask: None unless the operation uses a model and could be read.
    provider: whom it asks. flavour: the one that the path names, None if it names none.
    """

    dialect: Dialect
    provider: str
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
    got = _incoming(voice, path, settings, body)
    if got.operation is None or got.operation not in GENERATION:
        return got
    try:
        return replace(got, ask=got.dialect.read(got.operation, path, body, settings))
    except Refused as refused:
        return replace(got, problem=refused.problem)


def refused(
    problem: Problem, method: str, target: str, settings: Settings, headers: Mapping[str, str] = _NO_HEADERS
) -> Incoming:
    """A request whose body was not read."""
    voice, path = _voice(method, target, settings, headers)
    return replace(_incoming(voice, path, settings), problem=problem)


def _incoming(voice: Voice, path: str, settings: Settings, body: bytes = b"") -> Incoming:
    provider = voice.provider(settings.flavour)
    return Incoming(voice.dialect, provider, voice.operation, path, body, problem=voice.problem, flavour=voice.flavour)


def _voice(method: str, target: str, settings: Settings, headers: Mapping[str, str]) -> tuple[Voice, str]:
    """Whom it asks, and the path without the name, with its query."""
    path, mark, query = target.partition("?")
    voice = heard(method, path, hint(headers, path, query), settings.dialect)
    return voice, voice.path + mark + query
