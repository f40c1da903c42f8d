"""The models that Gemini lists (C.7)."""

from typing import Any

from ....routing.failure import Failure, Fault
from ..dialect import ListedModel, Reply
from ..error_body import error_in
from ..json_fields import count, mapping, mappings, parse, sequence, text
from ..rows import Row
from .failure import failure_in

_PREFIX = "models/"
_GENERATES = frozenset({"tools", "json_mode", "vision"})
_EMBEDS = frozenset({"embedContent", "batchEmbedContents"})


def listed(row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
    body = mapping(parse(reply.body))
    error = error_in(body)
    if error is not None:
        return failure_in(error, reply)
    if not isinstance(body.get("models"), list):
        return Failure(Fault.SERVER, "the answer is no listing of models; check the base URL", status=reply.status)
    entries = mappings(body["models"])
    return tuple(_model(row, entry) for entry in entries if text(entry.get("name")))


def _model(row: Row, entry: dict[str, Any]) -> ListedModel:
    """Input and output have limits of their own; the context is both."""
    tokens = count(entry.get("inputTokenLimit")) + count(entry.get("outputTokenLimit"))
    return ListedModel(
        name=text(entry.get("name")).removeprefix(_PREFIX),
        context_tokens=tokens or None,
        capabilities=_capabilities(entry),
        owned_by="google",
        local=row.tier == "local",
    )


def _capabilities(entry: dict[str, Any]) -> frozenset[str] | None:
    methods = {text(method) for method in sequence(entry.get("supportedGenerationMethods"))}
    if not methods:
        return None
    generates = _GENERATES if "generateContent" in methods else frozenset[str]()
    embeds = frozenset({"embedding"}) if methods & _EMBEDS else frozenset[str]()
    return generates | embeds | (frozenset({"reasoning"}) if entry.get("thinking") else frozenset[str]())
