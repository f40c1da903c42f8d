"""What a request is for: which dialect, which operation, and what it asks.

A request that cannot be read is a problem, worded by the dialect whose path it is.
"""

from dataclasses import dataclass
from functools import lru_cache

from .ask import GENERATION, Ask, Operation
from .dialects.dialect import Dialect
from .dialects.known import DIALECTS
from .problem import Kind, Problem, Refused
from .settings import DialectName, Settings


@dataclass(frozen=True, slots=True)
class Incoming:
    """ask: None unless the operation uses a model and could be read."""

    dialect: Dialect
    operation: Operation | None
    body: bytes = b""
    ask: Ask | None = None
    problem: Problem | None = None

    @property
    def model(self) -> str:
        return self.ask.model if self.ask else ""


def read(method: str, path: str, body: bytes, settings: Settings) -> Incoming:
    dialect, operation, problem = _find(method, path, settings.dialect)
    if problem or operation is None or operation not in GENERATION:
        return Incoming(dialect, operation, body, problem=problem)
    try:
        return Incoming(dialect, operation, body, dialect.read(operation, body, settings))
    except Refused as refused:
        return Incoming(dialect, operation, body, problem=refused.problem)


@lru_cache(maxsize=1024)
def _find(method: str, path: str, spoken: DialectName) -> tuple[Dialect, Operation | None, Problem | None]:
    dialects = [dialect for dialect in DIALECTS if spoken in (dialect.name, "both")]
    for dialect in dialects:
        try:
            operation = dialect.operation(method, path)
        except Refused as refused:
            return dialect, None, refused.problem
        if operation:
            return dialect, operation, None
    return dialects[-1], None, Problem(Kind.NO_ROUTE, detail=f"{method} {path}")
