"""Asking providers for their models, so that the fleet knows them as they are served and not only as they are made."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ...tasks.client import AsyncClient
from ..providers.dialect import ListedModel
from ..providers.endpoint import AttemptFailed
from ..providers.sender import Sender
from ..settings.modes import near
from ..settings.provider import ProviderSettings
from .listings import Listings


@dataclass(frozen=True, slots=True)
class Answered:
    """One provider's models, of all its endpoints. error: why there are none, None if it listed them."""

    provider: ProviderSettings
    models: tuple[ListedModel, ...] = ()
    error: str | None = None

    @property
    def missing(self) -> list[str]:
        """The models that the configuration names and that it does not list; it may serve them all the same."""
        if self.error is not None:
            return []
        named = self.provider.named_models()
        return sorted(name for name in named if not any(model.is_called(name) for model in self.models))


async def ask_all(providers: Sequence[ProviderSettings], *, timeout_s: float | None = None) -> list[Answered]:
    """The models of each. timeout_s: of one answer; None is as its health check's."""
    async with Sender(near=near(providers)) as sender:
        return await asyncio.gather(*(_ask(sender, each, timeout_s) for each in providers))


async def _ask(sender: Sender, provider: ProviderSettings, timeout_s: float | None) -> Answered:
    limit_s = timeout_s or provider.health_check.timeout_s
    calls = (sender.models(endpoint, timeout_s=limit_s) for endpoint in provider.endpoints())
    found = await asyncio.gather(*calls, return_exceptions=True)
    failed = [each for each in found if isinstance(each, BaseException)]
    for error in failed:
        if not isinstance(error, AttemptFailed):
            raise error
    models = {model.name: model for each in found if not isinstance(each, BaseException) for model in each}
    return Answered(provider, tuple(models.values()), str(failed[0]) if failed and not models else None)


async def keep(client: AsyncClient, answered: Sequence[Answered]) -> None:
    """Note them for the fleet. What was noted of a provider that does not answer stays."""
    listings = Listings(client.redis)
    for each in answered:
        if each.error is None:
            await listings.write(each.provider.name, each.models, at=time.time())
