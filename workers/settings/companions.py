"""The Ollama that answers in a ruvLLM server's stead: a provider of its own, with slots and breakers of its own."""

from .choices import truth
from .kinds import kind_of
from .spelling import field_named
from .tree import EMPTY, Node

#: Small enough for any machine, as ruvLLM's own models are; for each of those, one of its size.
_MODEL = "qwen2.5:0.5b"
_MODELS = {
    "ruvector-fast": _MODEL,
    "ruvector-balanced": "qwen2.5:1.5b",
    "ruvector-quality": "llama3.2:3b",
}


def with_companions(node: Node) -> Node:
    """A configuration in which each ruvLLM has who takes over from it.

    `ollama_fallback: true`, or a URL, adds an Ollama under the name `<provider>-ollama`. Unless it says false, a
    configured Ollama takes over anyway. What `fallback_provider` says goes before both.
    """
    providers = node.get("providers") or EMPTY
    if not providers.is_mapping:
        return node
    named = dict(providers.fields)
    for name, child in providers.fields.items():
        if _is(child, name, "ruvllm"):
            named |= _with_companion(name, child, named)
    return node.with_fields({"providers": providers.with_value(named)})


def _with_companion(name: str, child: Node, providers: dict[str, Node]) -> dict[str, Node]:
    said = field_named(child, "ollama_fallback")
    child = child.without([said[0]]) if said else child
    url = said[1] if said is not None and isinstance(said[1].value, str) else None
    wanted = url is not None or truth(said[1] if said else None, default=True)
    if not wanted or field_named(child, "fallback_provider") is not None:
        return {name: child}
    if said is None:
        own = next((other for other, node in providers.items() if _is(node, other, "ollama") and _runs(node)), None)
        return {name: _followed(child, own) if own else child}
    fields = {"type": said[1].with_value("ollama"), "default_model": said[1].with_value(_model_like(child))}
    fields |= {"base_url": url} if url is not None else {}
    fields |= {"enabled": said[1].with_value(_runs(child))}
    companion = f"{name}-ollama"
    return {name: _followed(child, companion), companion: said[1].with_value(fields)}


def _model_like(child: Node) -> str:
    """Ollama's model for what a ruvLLM is asked for."""
    own = field_named(child, "default_model") or field_named(child, "model")
    return _MODELS.get(str(own[1].value).lower(), _MODEL) if own is not None else _MODEL


def _followed(child: Node, by: str) -> Node:
    return child.with_fields({"fallback_provider": child.with_value(by)})


def _is(node: Node, name: str, kind: str) -> bool:
    if not node.is_mapping:
        return False
    said = field_named(node, "type") or field_named(node, "provider")
    found = kind_of(str(said[1].value) if said else name)
    return found is not None and found.name == kind


def _runs(node: Node) -> bool:
    said = field_named(node, "enabled")
    return truth(said[1] if said else None, default=True)
