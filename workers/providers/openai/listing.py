"""The models that an OpenAI-compatible server lists: OpenAI's envelope or a bare array, and what each adds to it."""

from dataclasses import replace
from typing import Any

from ....routing.failure import Failure, Fault
from ..dialect import ListedModel, Prices, Reply
from ..error_body import error_in
from ..faults import failure_in
from ..json_fields import count, mapping, mappings, number, parse, sequence, text
from ..rows import Row

#: Fields that hold the context's length: vLLM, Groq, LM Studio (what is loaded, then the most), OpenRouter, Together.
_CONTEXT = ("max_model_len", "context_window", "loaded_context_length", "max_context_length", "context_length")
_VISION_TYPES = frozenset({"vlm"})
_EMBEDDING_TYPES = frozenset({"embedding", "embeddings"})


def listed(row: Row, reply: Reply) -> tuple[ListedModel, ...] | Failure:
    value = parse(reply.body)
    error = error_in(value)
    if error is not None:
        return failure_in(error, reply)
    enveloped = mapping(value)
    bare = sequence(value)
    if "data" not in enveloped and not bare and value != []:
        return Failure(Fault.SERVER, "the answer is no listing of models; check the base URL", status=reply.status)
    entries = mappings(enveloped.get("data", bare))
    return tuple(_model(row, entry) for entry in entries if text(entry.get("id")))


def with_props(model: ListedModel, reply: Reply) -> ListedModel:
    """The model with the context that llama.cpp serves it with, which is less than it was trained for."""
    settings = mapping(mapping(parse(reply.body)).get("default_generation_settings"))
    return replace(model, context_tokens=count(settings.get("n_ctx")) or model.context_tokens)


def _model(row: Row, entry: dict[str, Any]) -> ListedModel:
    return ListedModel(
        name=text(entry.get("id")),
        context_tokens=_context(entry),
        capabilities=_capabilities(entry),
        prices=_prices(mapping(entry.get("pricing"))),
        owned_by=text(entry.get("owned_by")) or text(entry.get("organization")) or None,
        local=row.tier == "local",
    )


def _context(entry: dict[str, Any]) -> int | None:
    meta = mapping(entry.get("meta"))  # llama.cpp: what it serves, else what the model was trained for
    limits = mapping(entry.get("limits"))  # GitHub: what a prompt may have
    told = (meta.get("n_ctx"), meta.get("n_ctx_train"), limits.get("max_input_tokens"))
    values = (*(entry.get(name) for name in _CONTEXT), *told)
    return next((int(length) for value in values if (length := number(value))), None)


def _capabilities(entry: dict[str, Any]) -> frozenset[str] | None:
    """From OpenRouter's parameters and modalities, LM Studio's and Together's types, GitHub's modalities and tags, of
    which `streaming` means that it chats; None if the entry has none.
    """
    kind = text(entry.get("type"))
    if kind in _EMBEDDING_TYPES or "embeddings" in sequence(entry.get("supported_output_modalities")):
        return frozenset({"embedding"})
    parameters = sequence(entry.get("supported_parameters"))
    architecture = mapping(entry.get("architecture"))
    modalities = sequence(architecture.get("input_modalities", entry.get("supported_input_modalities")))
    tags = sequence(entry.get("capabilities"))
    found = {
        "tools": "tools" in parameters or "tool_use" in tags or "tool-calling" in tags,
        "json_mode": "response_format" in parameters or kind in ("llm", "vlm") or "streaming" in tags,
        "vision": "image" in modalities or kind in _VISION_TYPES,
    }
    known = bool(parameters or modalities or tags or kind in ("llm", "vlm"))
    return frozenset(name for name, has in found.items() if has) if known else None


def _prices(pricing: dict[str, Any]) -> Prices | None:
    """OpenRouter: USD a token, as text, negative where it varies. Together: USD a million tokens."""
    per_token = number(pricing.get("prompt")), number(pricing.get("completion"))
    per_million = number(pricing.get("input")), number(pricing.get("output"))
    for (entry, exit_), scale in ((per_token, 1e6), (per_million, 1.0)):
        if entry is not None and exit_ is not None and entry >= 0 and exit_ >= 0:
            return Prices(round(entry * scale, 9), round(exit_ * scale, 9))
    return None
