"""The models that Cohere lists (C.8)."""

from collections.abc import Mapping
from typing import Any

from ....routing.failure import Failure, Fault
from ..dialect import ListedModel, Reply
from ..error_body import error_in
from ..faults import failure_in
from ..json_fields import count, mapping, mappings, parse, sequence, text
from ..rows import Row

#: The listing's words for a capability, and ours.
_CAPABILITIES: Mapping[str, str] = {
    "tools": "tools",
    "strict_tools": "tools",
    "json_mode": "json_mode",
    "json_schema": "json_mode",
    "vision": "vision",
    "reasoning": "reasoning",
}


def listed(row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
    """Models that chat or embed; those that only rank or classify are left out."""
    body = mapping(parse(reply.body))
    error = error_in(body)
    if error is not None:
        return failure_in(error, reply)
    if not isinstance(body.get("models"), list):
        return Failure(Fault.SERVER, "the answer is no listing of models; check the base URL", status=reply.status)
    return tuple(_model(row, entry) for entry in mappings(body["models"]) if text(entry.get("name")) and _serves(entry))


def _serves(entry: dict[str, Any]) -> bool:
    endpoints = {text(endpoint) for endpoint in sequence(entry.get("endpoints"))}
    return not entry.get("is_deprecated") and (not endpoints or bool(endpoints & {"chat", "embed"}))


def _model(row: Row, entry: dict[str, Any]) -> ListedModel:
    return ListedModel(
        name=text(entry.get("name")),
        context_tokens=count(entry.get("context_length")) or None,
        capabilities=_capabilities(entry),
        owned_by="cohere",
        local=row.tier == "local",
    )


def _capabilities(entry: dict[str, Any]) -> frozenset[str] | None:
    """None if the entry tells neither what it can do nor what it is for."""
    if "embed" in sequence(entry.get("endpoints")):
        return frozenset({"embedding"})
    features = [text(feature) for feature in sequence(entry.get("features"))]
    return frozenset(_CAPABILITIES[name] for name in features if name in _CAPABILITIES) if features else None
