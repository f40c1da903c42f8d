"""Everything that is known of models, put together for a command or a worker."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime

from ...tasks.client import AsyncClient
from ..prices.price_list import PriceList
from ..settings.schema import Settings
from .informed import Knowledge
from .listings import Listings
from .reading import overlay_file, read_registry


def known_without_asking(settings: Settings, env: Mapping[str, str] | None = None) -> Knowledge:
    """The registry and the price list. Raises SettingsError for a registry of the user's own that is wrong."""
    registry = read_registry(overlay_file(settings.source, os.environ if env is None else env))
    return Knowledge(registry, PriceList(), datetime.now(UTC))


async def known_to_fleet(settings: Settings, client: AsyncClient) -> Knowledge:
    """The same, and what the providers have listed."""
    alone = known_without_asking(settings)
    listed = {name: listing.models for name, listing in (await Listings(client.redis).read()).items()}
    return Knowledge(alone.registry, alone.prices, alone.at, listed)
