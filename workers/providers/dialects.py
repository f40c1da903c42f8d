"""The dialects by name: ours, and those of installed packages, as entry points of the group `workfleet.dialects`.

An entry point is a `Dialect`, or a class of them that takes no arguments. Ours cannot be replaced.
"""

import sys
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import cast

from ...tasks.errors import UnknownName
from ...tasks.packages import Brought, brought, only
from .anthropic.dialect import Anthropic
from .azure.dialect import Azure
from .cohere.dialect import Cohere
from .dialect import Dialect
from .gemini.dialect import Gemini
from .guarded import Guarded
from .ollama.dialect import Ollama
from .openai.dialect import OpenAICompatible
from .rows import DialectName
from .ruvllm.dialect import Ruvllm

GROUP = "workfleet.dialects"

#: Our own.
DIALECTS: Mapping[DialectName, Dialect] = MappingProxyType(
    {
        "openai": OpenAICompatible(),
        "ollama": Ollama(),
        "anthropic": Anthropic(),
        "gemini": Gemini(),
        "cohere": Cohere(),
        "azure": Azure(),
        "ruvllm": Ruvllm(),
    }
)

_METHODS = tuple(name for name in vars(Dialect) if not name.startswith("_"))


def dialect_of(name: DialectName) -> Dialect:
    """Raises UnknownName; ConfigurationError if the package that brings it is broken."""
    dialect = DIALECTS.get(name) or _installed(name, tuple(sys.path))
    if dialect is None:
        raise UnknownName("dialect", name, {*DIALECTS, *brought(GROUP, "dialect")})
    return dialect


@lru_cache(maxsize=128)
def _installed(name: DialectName, path: tuple[str, ...]) -> Dialect | None:  # noqa: ARG001 - what is installed depends on it
    found = only(GROUP, "dialect", name)
    return None if found is None else Guarded(_made(found), str(found))


def _made(found: Brought) -> Dialect:
    made = found.load()
    if isinstance(made, type):
        try:
            made = made()
        except Exception as failed:
            # The boundary to code of others, of which anything may be raised.
            raise found.wrong(f"can't be made: {type(failed).__name__}: {failed}") from failed
    lacking = [name for name in _METHODS if not callable(getattr(made, name, None))]
    if lacking:
        raise found.wrong(f"is no dialect: it has no {', '.join(lacking)}")
    return cast("Dialect", made)
