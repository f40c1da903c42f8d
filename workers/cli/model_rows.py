"""The models of `fleet models`: each at one provider, with what is known of it, and which of them somebody wants."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ...tasks.errors import UnknownName
from ..providers.dialect import ListedModel, Prices
from ..registry.listings import Listing
from ..registry.registry import Known, Registry
from ..registry.retired import instead_of
from ..settings.kinds import kind_of


@dataclass(frozen=True, slots=True)
class Place:
    """A provider whose models are shown. configured: the models that the configuration names."""

    name: str
    type: str
    local: bool
    configured: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """One model at one provider. known: to the registry. listed: by the provider; None if it is not, or was not asked.

    instead: what takes its place if it is retired. missed: its provider does not list it. gone_at: when it first did
    not, seconds since 1970, None if it was never seen.
    """

    provider: str
    name: str
    local: bool
    known: Known | None
    listed: ListedModel | None = None
    instead: str | None = None
    missed: bool = False
    gone_at: float | None = None

    @property
    def context_tokens(self) -> int | None:
        return (self.listed.context_tokens if self.listed else None) or (
            self.known.context_tokens if self.known else None
        )

    @property
    def capabilities(self) -> frozenset[str]:
        said = self.listed.capabilities if self.listed else None
        return frozenset((*(said or ()), *(self.known.entry.capabilities if self.known else ())))

    @property
    def parameters_b(self) -> float | None:
        return self.known.entry.parameters_b if self.known else None

    @property
    def free(self) -> bool:
        """Whether it is known to cost nothing: it runs on our own machines, or is listed at no price."""
        prices = self.listed.prices if self.listed else None
        return self.local or (prices is not None and prices == Prices(0.0, 0.0))

    @property
    def retired(self) -> bool:
        return self.known is not None and self.known.retired

    @property
    def state(self) -> str:
        """Why it had better not be used, empty if it may be."""
        since = f" since {datetime.fromtimestamp(self.gone_at, UTC):%Y-%m-%d %H:%M} UTC" if self.gone_at else ""
        words = [f"not listed{since}"] if self.missed else []
        words += ["retired"] if self.retired else []
        words += [f"use {self.instead}"] if self.instead else []
        return ", ".join(words)

    def fields(self) -> dict[str, Any]:
        """For programs."""
        entry, offer = (self.known.entry, self.known.offer) if self.known else (None, None)
        prices = self.listed.prices if self.listed else None
        facts = entry.model_dump(mode="json", exclude={"offers", "capabilities", "context_tokens"}) if entry else {}
        return {
            "provider": self.provider,
            "model": self.name,
            "local": self.local,
            "listed": self.listed is not None,
            "gone_at": self.gone_at,
            "context_tokens": self.context_tokens,
            "capabilities": sorted(self.capabilities),
            "prices": asdict(prices) if prices else None,
            "known": facts or None,
            "retired": self.retired,
            "replaced_by": self.instead,
            "tokens_per_s": offer.tokens_per_s if offer else None,
        }


@dataclass(frozen=True, slots=True)
class Filter:
    provider: str | None
    capability: str | None
    strength: str | None
    min_context: int | None
    max_size_b: float | None
    licence: str | None
    local: bool
    free: bool

    def check(self, rows: Iterable[Row], registry: Registry) -> None:
        """Raise UnknownName for a capability or a strength that neither a listing nor the registry ever tells."""
        known = [*rows, *known_rows(registry)]
        capabilities = {name for row in known for name in row.capabilities}
        if self.capability is not None and self.capability not in capabilities:
            raise UnknownName("capability", self.capability, capabilities)
        strengths = {name for row in known if row.known for name in row.known.entry.strengths}
        if self.strength is not None and self.strength not in strengths:
            raise UnknownName("strength", self.strength, strengths)

    def admits(self, row: Row) -> bool:
        """A model of which something is unknown is not admitted by a filter for that."""
        entry = row.known.entry if row.known else None
        return (
            (self.provider is None or row.provider == self.provider)
            and (self.capability is None or self.capability in row.capabilities)
            and (self.strength is None or (entry is not None and self.strength in entry.strengths))
            and (self.min_context is None or (row.context_tokens or 0) >= self.min_context)
            and (self.max_size_b is None or (row.parameters_b is not None and row.parameters_b <= self.max_size_b))
            and (self.licence is None or self.licence.lower() in ((entry.licence if entry else "") or "").lower())
            and (row.local or not self.local)
            and (row.free or not self.free)
        )


def known_rows(registry: Registry) -> Iterator[Row]:
    """All that the registry knows, at each type of provider."""
    for entry in registry.entries.values():
        for type_, offer in entry.offers.items():
            kind = kind_of(type_)
            instead = instead_of(type_, offer.name, registry)
            yield Row(type_, offer.name, kind is not None and kind.local, Known(entry, offer), instead=instead)


def rows_of(place: Place, listed: Iterable[ListedModel], noted: Listing | None, registry: Registry) -> Iterator[Row]:
    """What a provider lists, then what it does not: what it listed before, and what is configured all the same."""
    models = tuple(listed)
    for model in models:
        known, instead = registry.find(place.type, model.name), instead_of(place.type, model.name, registry)
        yield Row(place.name, model.name, model.local, known, model, instead)
    before = noted.gone if noted is not None else {}
    for name in sorted({*before, *place.configured}):
        if not any(model.is_called(name) for model in models):
            known, instead = registry.find(place.type, name), instead_of(place.type, name, registry)
            yield Row(place.name, name, place.local, known, None, instead, missed=True, gone_at=before.get(name))
