"""`fleet providers quota`: how much of each provider's limits is used, and when it will be gone or whole again."""

from pathlib import Path
from typing import Annotated

import typer

from ...tasks.client import AsyncClient
from ...tasks.errors import UnknownName
from ..limits.books import LimitBooks
from ..limits.standing import Standing, standings
from ..settings.load import load_settings
from ..settings.provider import ProviderSettings
from .console import out
from .quota_table import quota_fields, quota_table
from .session import ConfigOption, JsonOption, fleet_redis, run_async


def quota(
    provider: Annotated[
        str | None, typer.Argument(help="Only this provider; all enabled ones if not given.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show each provider's limits: what is used and left, when it is back, and when it is gone at this rate.

    Limits are those of the configuration, others that were set by hand, or lower ones that the provider told.
    Budgets of agents are with `fleet agents budget`.

    Examples:

      fleet providers quota

      fleet providers quota groq --json
    """
    found = run_async(_standings(config, provider))
    if as_json:
        out.print_json(data=[quota_fields(each) for each in found])
    elif found:
        out.print(quota_table(found, "provider"))
    else:
        out.print("no limits are known; say `limits:` of a provider, or let it tell its own with the first answer")


async def _standings(config: Path | None, name: str | None) -> list[Standing]:
    settings = load_settings(config, needed=())
    if name is not None and name not in settings.providers:
        raise UnknownName("provider", name, settings.providers)
    chosen: list[ProviderSettings] = settings.enabled() if name is None else [settings.providers[name]]
    async with AsyncClient(fleet_redis(settings)) as client:
        by_hand = await client.fleet.controls.read()
        chosen = [each.as_changed(by_hand.of(each.name)) for each in chosen]
        return await standings(LimitBooks(client.redis, namespace=client.store.namespace), chosen)
