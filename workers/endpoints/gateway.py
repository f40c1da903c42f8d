"""A gateway, such as OpenRouter, that chooses among others' servers: what it is told of that, and who answered."""

from collections.abc import Mapping
from typing import Any

from ...routing.directory import named_free
from ...tasks.answer import Answer
from ...tasks.job import JobSpec
from ...tasks.request import Request
from ..providers.endpoint import Api
from ..settings.provider import ProviderSettings


def steered_job(spec: JobSpec, provider: ProviderSettings, model: str) -> Request:
    """A job's request. A job that names its models gets none other, nor does one that may cost only so much."""
    named = spec.model is not None or bool(spec.chain)
    free_only = spec.constraints.free_only
    return steered(spec.request, provider, model, replaceable=not (named or spec.capped), free_only=free_only)


def steered(
    request: Request, provider: ProviderSettings, model: str, *, replaceable: bool, free_only: bool = False
) -> Request:
    """The request with what the configuration tells the gateway; what the request says itself wins.

    replaceable: another model may take over, since nobody asked for this one by name or set a cap of its cost. For one
    that costs nothing, only another such one may.
    """
    if not (said := _choice(provider.api)) and not (replaceable and provider.api.fallback_models):
        return request
    extra = dict(request.extra)
    own = extra.get("provider")
    if said and (own is None or isinstance(own, Mapping)):
        extra["provider"] = {**said, **(own or {})}
    others = [name for name in provider.api.fallback_models if name != model]
    if free_only or named_free(provider.type, model):
        others = [name for name in others if named_free(provider.type, name)]
    if replaceable and others and request.kind == "chat":
        extra.setdefault("models", others)
    return request.model_copy(update={"extra": extra})


def answered_by(provider: ProviderSettings, target: str, answer: Answer | None) -> str:
    """The target that took over for the one that was asked, '' if none did. A gateway may add a date to its name."""
    others = provider.api.fallback_models
    if answer is None or not others or answer.model.startswith(target.removeprefix(f"{provider.name}/")):
        return ""
    return next((f"{provider.name}/{name}" for name in others if answer.model.startswith(name)), "")


def _choice(api: Api) -> dict[str, Any]:
    said: dict[str, Any] = {"sort": api.sort} if api.sort else {}
    return said | ({"max_price": dict(api.max_price)} if api.max_price else {})
