"""Which of the models that a server lists a job gets that names none. Pure."""

from collections.abc import Iterable

from ...routing.directory import named_free
from ..providers.dialect import ListedModel
from ..providers.registered import known_row
from ..settings.provider import ProviderSettings
from .registry import Registry

_EMBEDS = frozenset({"embedding"})


def choosable(
    provider: ProviderSettings, listed: Iterable[ListedModel], registry: Registry | None = None
) -> tuple[str, ...]:
    """In the server's order, those that only embed last.

    Never one that runs on its maker's machines though a server of ours lists it, one that is known to be retired, or
    one that has a price where nothing may cost anything.
    """
    type_ = provider.type
    good = [
        model
        for model in listed
        if not _leaves(type_, model) and not _retired(type_, model, registry) and not _is_too_dear(provider, model)
    ]
    return tuple(model.name for model in sorted(good, key=lambda model: _only_embeds(type_, model, registry)))


def _only_embeds(type_: str, model: ListedModel, registry: Registry | None) -> bool:
    """As its server says, else as it is known."""
    known = registry.find(type_, model.name) if registry is not None else None
    said = model.capabilities if model.capabilities is not None else known and known.entry.capabilities
    return said == _EMBEDS


def _is_too_dear(provider: ProviderSettings, model: ListedModel) -> bool:
    if provider.only_free and provider.tier != "local":
        return not named_free(provider.type, model.name)
    return provider.tier == "free" and _costs(model)


def _costs(model: ListedModel) -> bool:
    return model.prices is not None and (model.prices.input_usd_per_mtok > 0 or model.prices.output_usd_per_mtok > 0)


def _leaves(type_: str, model: ListedModel) -> bool:
    """Only a type that is local by nature tells its models apart."""
    row = known_row(type_)
    return row is not None and row.tier == "local" and not model.local


def _retired(type_: str, model: ListedModel, registry: Registry | None) -> bool:
    known = registry.find(type_, model.name) if registry is not None else None
    return known is not None and known.retired
