"""The models that Anthropic lists, with what the listing tells of each (C.6)."""

from typing import Any

from ....routing.failure import Failure, Fault
from ..dialect import ListedModel, Reply
from ..error_body import error_in
from ..json_fields import count, mapping, mappings, parse, text
from ..rows import Row
from .failure import failure_in

#: The listing's words for a capability, and ours. Every model that is listed takes tools.
_CAPABILITIES = {"image_input": "vision", "structured_outputs": "json_mode", "thinking": "reasoning"}


def listed(row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
    body = mapping(parse(reply.body))
    error = error_in(body)
    if error is not None:
        return failure_in(error, reply)
    if not isinstance(body.get("data"), list):
        return Failure(Fault.SERVER, "the answer is no listing of models; check the base URL", status=reply.status)
    entries = mappings(body["data"])
    return tuple(_model(row, entry) for entry in entries if text(entry.get("id")) and _is_served(entry))


def _is_served(entry: dict[str, Any]) -> bool:
    """The catalogue names retired models too."""
    return entry.get("lifecycle") != "retired"


def _model(row: Row, entry: dict[str, Any]) -> ListedModel:
    return ListedModel(
        name=text(entry.get("id")),
        context_tokens=count(entry.get("max_input_tokens")) or count(entry.get("max_model_len")) or None,
        capabilities=_capabilities(mapping(entry.get("capabilities"))),
        owned_by=text(entry.get("owned_by")) or "anthropic",
        local=row.tier == "local",
    )


def _capabilities(told: dict[str, Any]) -> frozenset[str] | None:
    if not told:
        return None
    has = {ours for theirs, ours in _CAPABILITIES.items() if mapping(told.get(theirs)).get("supported")}
    return frozenset({"tools", *has})
