"""What a provider told of its limits when somebody asked from the command line, kept for the fleet."""

from collections.abc import Sequence

from ...tasks.client import AsyncClient
from ...tasks.errors import FleetUnavailable
from ..limits.books import LimitBooks
from ..limits.lore import Lore
from ..limits.permitted import told_scope
from ..providers.limits_told import Told
from ..settings.provider import ProviderSettings
from ..settings.schema import Settings
from .console import err
from .session import fleet_redis


async def keep_told(settings: Settings, told: Sequence[tuple[ProviderSettings, Told]]) -> None:
    """Note it where a fleet runs; without one there is nobody whom it concerns."""
    news = [each for each in told if each[1] and not each[0].self_hosted]
    if not news:
        return
    try:
        async with AsyncClient(fleet_redis(settings)) as client:
            lore = Lore(LimitBooks(client.redis, namespace=client.store.namespace))
            for provider, limits in news:
                await lore.note(told_scope(provider, provider.default_choice() or ""), limits)
    except FleetUnavailable as failed:
        err.print(f"the limits that were told are not kept: {failed}", markup=False)
