"""How a request is changed when a provider refuses one of its parameters by name: once a parameter, then remembered.

Only what steers the sampling or the report is left out. A request without its tools, its schema or its stop words
would be another request, and is refused instead.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ...routing.failure import Failure, Fault
from .json_fields import mappings, text

_DISPENSABLE = frozenset(
    {
        "context_length_exceeded_behavior",
        "frequency_penalty",
        "keep_alive",
        "metadata",
        "min_p",
        "parallel_tool_calls",
        "presence_penalty",
        "reasoning_effort",
        "repetition_penalty",
        "seed",
        "service_tier",
        "shift",
        "store",
        "stream_options",
        "temperature",
        "think",
        "top_k",
        "top_p",
        "user",
    }
)
_RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_SYSTEM_ROLES = ("system", "developer")

_REFUSALS = frozenset({"unsupported_parameter", "unsupported_value", "unknown_parameter", "extra_forbidden"})
#: Documented last resort, for servers that send no code: Groq, OpenAI's older wording, FastAPI, Ollama, Anthropic.
_REFUSED = re.compile(
    r"unsupported|not supported|does not support|Unrecognized request argument|Extra inputs are not permitted"
    r"|is deprecated|cannot both be specified",
    re.IGNORECASE,
)
_ROLE = re.compile(r"messages\W*\d+\W*role")


@dataclass(frozen=True, slots=True)
class Drop:
    """Leave the parameter out."""

    name: str


@dataclass(frozen=True, slots=True)
class Rename:
    """Send the parameter under its other name."""

    name: str
    to: str


@dataclass(frozen=True, slots=True)
class FoldSystem:
    """Put the system prompt before the first user message: the model knows no such role."""


Correction = Drop | Rename | FoldSystem


def correction_for(failure: Failure, body: dict[str, Any]) -> Correction | None:
    """The change that may let the request pass, None if there is none."""
    if failure.fault is not Fault.BAD_REQUEST or failure.parameter is None:
        return None
    if failure.code not in _REFUSALS and not _REFUSED.search(failure.message):
        return None
    name = failure.parameter
    if _ROLE.search(name):
        return FoldSystem()
    if name not in body:
        return None
    if name in _RENAMED:
        return Rename(name, _RENAMED[name])
    return Drop(name) if name in _DISPENSABLE else None


def corrected(body: dict[str, Any], corrections: Iterable[Correction]) -> dict[str, Any]:
    """The body with the corrections made."""
    for correction in corrections:
        match correction:
            case Drop(name):
                body = {key: value for key, value in body.items() if key != name}
            case Rename(name, to):
                body = {(to if key == name else key): value for key, value in body.items()}
            case FoldSystem():
                body = {**body, "messages": _folded(mappings(body.get("messages")))}
    return body


def _folded(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    system = "\n\n".join(text(m.get("content")) for m in messages if m.get("role") in _SYSTEM_ROLES)
    others = [m for m in messages if m.get("role") not in _SYSTEM_ROLES]
    first = next((at for at, m in enumerate(others) if m.get("role") == "user"), None)
    if not system:
        return others
    if first is None:
        return [{"role": "user", "content": system}, *others]
    return [
        *others[:first],
        {**others[first], "content": _before(system, others[first].get("content"))},
        *others[first + 1 :],
    ]


def _before(system: str, content: object) -> Any:
    if isinstance(content, str):
        return f"{system}\n\n{content}"
    return [{"type": "text", "text": system}, *mappings(content)]
