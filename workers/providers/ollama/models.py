"""The models of an Ollama server: what it lists, what it tells of one, loading and unloading (C.1)."""

from dataclasses import dataclass, replace
from typing import Any

from ....routing.failure import Failure, Fault
from ..dialect import Call, ListedModel, Reply
from ..json_fields import count, first, mapping, mappings, number, parse, sequence, text
from ..rows import Row


@dataclass(frozen=True, slots=True)
class InMemory:
    """A model that is loaded. goes_at: when it is unloaded if nobody asks for it again, in the server's words."""

    model: str
    size_bytes: int
    goes_at: str


#: Ollama's words for a capability, and ours.
_CAPABILITIES = {"tools": "tools", "vision": "vision", "embedding": "embedding", "completion": "json_mode"}


def listed(row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
    """The models of /api/tags. A cloud model is listed too and runs elsewhere: it is not local."""
    body = mapping(parse(reply.body))
    if "models" not in body:
        return Failure(Fault.SERVER, "the answer is no listing of models; check the base URL", status=reply.status)
    return tuple(_model(row, entry) for entry in mappings(body.get("models")) if _name(entry))


def with_details(model: ListedModel, reply: Reply) -> ListedModel:
    """The model with what /api/show tells of it; as it was if that is nothing."""
    body = mapping(parse(reply.body))
    lengths = (number(v) for name, v in mapping(body.get("model_info")).items() if name.endswith(".context_length"))
    return replace(
        model,
        context_tokens=next((int(length) for length in lengths if length), model.context_tokens),
        capabilities=_capabilities(body) or model.capabilities,
    )


def load_calls(model: str, *, context_tokens: int | None) -> tuple[Call, ...]:
    """Calls that load a model, the second for models that only embed. A window that differs from the requests' own
    would load it again with the first of them."""
    options = {"options": {"num_ctx": context_tokens}} if context_tokens else {}
    return (
        Call("POST", "/api/generate", {"model": model, "stream": False, **options}),
        Call("POST", "/api/embed", {"model": model, "input": [], **options}),
    )


def unload_call(model: str) -> Call:
    return Call("POST", "/api/generate", {"model": model, "stream": False, "keep_alive": 0})


def loaded_window(reply: Reply, model: str) -> int | None:
    """The context window of a model in the listing of those that are loaded (/api/ps), None if it is not among them."""
    return count(_loaded(reply, model).get("context_length")) or None


def in_memory(reply: Reply) -> tuple[InMemory, ...]:
    """All of that listing."""
    entries = mappings(mapping(parse(reply.body)).get("models"))
    return tuple(InMemory(_name(each), count(each.get("size")), text(each.get("expires_at"))) for each in entries)


def gpu_share(reply: Reply, model: str) -> float | None:
    """How much of a loaded model is in the memory of GPUs, from 0 to 1, by the same listing."""
    loaded = _loaded(reply, model)
    size = count(loaded.get("size"))
    return min(1.0, count(loaded.get("size_vram")) / size) if size else None


def _loaded(reply: Reply, model: str) -> dict[str, Any]:
    entries = mappings(mapping(parse(reply.body)).get("models"))
    return first([entry for entry in entries if ListedModel(_name(entry)).is_called(model)])


def _model(row: Row, entry: dict[str, Any]) -> ListedModel:
    remote = bool(entry.get("remote_host") or entry.get("remote_model"))
    return ListedModel(
        name=_name(entry),
        capabilities=_capabilities(entry),
        local=row.tier == "local" and not remote,
        size_bytes=count(entry.get("size")) or None,
        digest=text(entry.get("digest")).removeprefix("sha256:") or None,
    )


def _name(entry: dict[str, Any]) -> str:
    return text(entry.get("name")) or text(entry.get("model"))


def _capabilities(entry: dict[str, Any]) -> frozenset[str] | None:
    words = sequence(entry.get("capabilities"))
    return frozenset(_CAPABILITIES[word] for word in words if word in _CAPABILITIES) if words else None
