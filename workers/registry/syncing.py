"""Asking providers for their models, so that the fleet knows them as they are served and not only as they are made."""

import asyncio
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ...tasks.client import AsyncClient
from ..providers.dialect import ListedModel
from ..providers.endpoint import AttemptFailed, Endpoint
from ..providers.sender import Sender
from ..settings.addresses import whereabouts
from ..settings.modes import near
from ..settings.provider import ProviderSettings
from .listings import Listing, Listings


@dataclass(frozen=True, slots=True)
class Answered:
    """One provider's models, by endpoint. error: why there are none, None if one of its endpoints listed them."""

    provider: ProviderSettings
    listed: Mapping[str, tuple[ListedModel, ...]] = field(default_factory=dict[str, tuple[ListedModel, ...]])
    error: str | None = None

    @property
    def models(self) -> tuple[ListedModel, ...]:
        """Of all its endpoints, each once."""
        return tuple({model.name: model for models in self.listed.values() for model in models}.values())

    @property
    def missing(self) -> list[str]:
        """The models that the configuration names and that it does not list; it may serve them all the same."""
        return [] if self.error is not None else not_listed(self.provider, self.models)


def not_listed(provider: ProviderSettings, models: Iterable[ListedModel]) -> list[str]:
    """The models that the configuration names, and that are not among these."""
    listed = tuple(models)
    return sorted(name for name in provider.named_models() if not any(model.is_called(name) for model in listed))


async def ask_all(providers: Sequence[ProviderSettings], *, timeout_s: float | None = None) -> list[Answered]:
    """The models of each. timeout_s: of one answer; None is as its health check's."""
    async with Sender(near=near(providers)) as sender:
        return await asyncio.gather(*(_ask(sender, each, timeout_s) for each in providers))


async def _ask(sender: Sender, provider: ProviderSettings, timeout_s: float | None) -> Answered:
    limit_s = timeout_s or provider.health_check.timeout_s
    endpoints = provider.endpoints()
    found = await asyncio.gather(*(_listed(sender, each, limit_s) for each in endpoints))
    said = zip(endpoints, found, strict=True)
    listed = {endpoint.base_url: models for endpoint, models in said if not isinstance(models, AttemptFailed)}
    error = next((str(each) for each in found if isinstance(each, AttemptFailed)), None)
    return Answered(provider, listed, None if listed else error)


async def _listed(sender: Sender, endpoint: Endpoint, limit_s: float) -> tuple[ListedModel, ...] | AttemptFailed:
    try:
        return await sender.models(endpoint, timeout_s=limit_s)
    except AttemptFailed as failed:
        return failed


async def keep(client: AsyncClient, answered: Sequence[Answered]) -> list[Listing]:
    """Note them for the fleet. What was noted of an endpoint that does not answer stays."""
    listings, host = Listings(client.redis), socket.gethostname()
    return [
        await listings.write(each.provider.name, whereabouts(url, host), models, at=time.time())
        for each in answered
        for url, models in each.listed.items()
    ]
