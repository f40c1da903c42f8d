"""A pool with a configuration comes to a Redis: whether another fleet runs there, and what becomes of its routes."""

import structlog
from pydantic import SecretStr

from ...routing.control import controlled
from ...routing.directory import Directory
from ...routing.overruling import foreign, overruled
from ...tasks.client import AsyncClient
from ...tasks.connection import address
from ...tasks.errors import ConfigurationError
from ..fleet.residents import residents

log = structlog.get_logger()


async def refuse_another_fleets(client: AsyncClient, ours: Directory, *, source: object) -> None:
    """Raise ConfigurationError if pools run here whose configuration has nothing to do with ours.

    source: where ours comes from, for people.
    """
    before = await client.fleet.published()
    if before is None or not foreign(ours, before):
        return
    if nodes := [each.node for each in await residents(client)]:
        raise ConfigurationError(_refusal(client.redis_url, nodes, source, ours))


async def tell_replaced(client: AsyncClient, ours: Directory, *, source: object, node: str) -> None:
    """Log what will be otherwise for the pools that run, once ours holds. node: the pool that brings it."""
    before, snapshot = await client.fleet.directory(), await client.snapshot()
    others = [each.node for each in snapshot.living if each.node != node]
    if before is None or not others:
        return
    if changed := overruled(controlled(ours, snapshot.control), before):
        log.warning("directory.replaced", changed=", ".join(changed), source=str(source), pools=", ".join(others))


def _refusal(url: SecretStr, nodes: list[str], source: object, ours: Directory) -> str:
    return (
        f"another fleet runs on {address(url)} ({', '.join(nodes)}), and none of its routes leads to a provider of "
        f"{source} ({', '.join(ours.providers)}), which would take their place. Give this one a Redis of its own "
        "(another folder, another FLEET_STATE, or another database in FLEET_REDIS_URL), or write both into one "
        "configuration; `fleet worker --join` adds a pool to the fleet that runs, and leaves its routes as they are"
    )
