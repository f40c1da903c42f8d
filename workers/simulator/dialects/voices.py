"""Whom a request asks: the dialect, and the flavour where a dialect has several.

A first segment of the path names the provider (`/groq/v1/chat/completions`, `/anthropic/v1/messages`). Without it the
path tells (`/v1/messages` is Anthropic's), and where paths are alike (`/v1/models`), what only one provider's clients
send. What is left is OpenAI's, in the flavour of the settings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import get_args

from ....tasks.errors import UnknownName
from ..ask import Operation
from ..problem import Kind, Problem, Refused
from ..settings import DialectName, FlavourName
from .dialect import Dialect
from .known import DIALECTS

#: Headers that only one provider's clients send, and whose they are.
_OWN_HEADERS = {"anthropic-version": "anthropic", "x-goog-api-key": "gemini", "api-key": "azure"}

_BY_NAME: Mapping[str, Dialect] = {dialect.name: dialect for dialect in DIALECTS}

#: What follows `/openai` in the paths of Azure and Groq, where it names nobody.
_NOT_A_NAME = ("v1", "deployments", "models")

_FLAVOURS: tuple[FlavourName, ...] = get_args(FlavourName)

#: First segment of a path -> dialect and flavour.
_NAMED: Mapping[str, tuple[Dialect, FlavourName | None]] = {
    **{name: (_BY_NAME["openai"], name) for name in _FLAVOURS if name != "none"},
    **{name: (dialect, None) for name, dialect in _BY_NAME.items() if name != "openai"},
    "google": (_BY_NAME["gemini"], None),
}

#: The names that a path may begin with.
PROVIDERS: frozenset[str] = frozenset(_NAMED)


def provider_named(name: str) -> str:
    """The provider that a first segment of a path means: `google` is `gemini`. Raises UnknownName."""
    if name not in _NAMED:
        raise UnknownName("provider", name, PROVIDERS)
    dialect, flavour = _NAMED[name]
    return flavour or dialect.name


@dataclass(frozen=True, slots=True)
class Voice:
    """operation: None for a path that is none's, which is a problem. path: without the provider's name."""

    dialect: Dialect
    flavour: FlavourName | None
    path: str
    operation: Operation | None
    problem: Problem | None = None

    def provider(self, usual: FlavourName) -> str:
        """Whom it asks; usual: the flavour of OpenAI's dialect where nobody is named."""
        return (self.flavour or usual) if self.dialect.name == "openai" else self.dialect.name


def hint(headers: Mapping[str, str], path: str, query: str) -> str:
    """The provider whose clients send such a request, empty if it may be anybody's."""
    if "page_size=" in query and path.endswith("/models"):
        return "cohere"
    return next((whose for name, whose in _OWN_HEADERS.items() if name in headers), "")


@lru_cache(maxsize=4096)
def heard(method: str, path: str, hinted: str, spoken: DialectName) -> Voice:
    """hinted: see `hint`."""
    speaks = [dialect for dialect in DIALECTS if spoken in (dialect.name, "all")]
    first, _, rest = path[1:].partition("/")
    if first in _NAMED and not (first == "openai" and rest.partition("/")[0] in _NOT_A_NAME):
        dialect, flavour = _NAMED[first]
        if dialect in speaks:
            return _voice(method, f"/{rest}", dialect, flavour, named=True) or _nobody(method, path, dialect, flavour)
    flavour = "azure" if hinted == "azure" or "/openai/deployments/" in path else None
    likely = [dialect for dialect in speaks if dialect.name == hinted or len(speaks) == 1]
    offers = [(dialect, True) for dialect in likely] + [(dialect, False) for dialect in speaks]
    for dialect, named in offers:
        if voice := _voice(method, path, dialect, flavour, named=named):
            return voice
    default = _BY_NAME["openai"] if len(speaks) > 1 else speaks[0]
    return _nobody(method, path, default, flavour)


def _voice(method: str, path: str, dialect: Dialect, flavour: FlavourName | None, *, named: bool) -> Voice | None:
    try:
        operation = dialect.operation(method, path, named=named)
    except Refused as refused:
        return Voice(dialect, flavour, path, None, refused.problem)
    return Voice(dialect, flavour, path, operation) if operation else None


def _nobody(method: str, path: str, dialect: Dialect, flavour: FlavourName | None) -> Voice:
    return Voice(dialect, flavour, path, None, Problem(Kind.NO_ROUTE, detail=f"{method} {path}"))
