"""Whether this host's workers report to Redis: `python -m workfleet.workers.alive`, the health check of containers.

A check runs twice a minute in every container, so this loads a quarter of what the command line does.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import SecretStr

from ..tasks.connection import connect, translated
from ..tasks.errors import FleetError, FleetUnavailable
from ..tasks.fleet_state import FleetState, NodeReport
from .settings.environment import Environment

_WITHIN_S = 8.0


def here(living: Iterable[NodeReport], host: str) -> list[NodeReport]:
    """The nodes that are named after a host."""
    return [node for node in living if node.node.partition("@")[2] == host]


def summary(nodes: Iterable[NodeReport]) -> str:
    """One line for people: `docker inspect` shows it."""
    return ", ".join(f"{node.node}: {node.unavailable or f'{node.busy} of {node.slots} slots busy'}" for node in nodes)


async def look(url: SecretStr, host: str) -> list[NodeReport]:
    """The living nodes of a host. Raises FleetUnavailable."""
    redis = connect(url, retries=0)
    try:
        with translated(url):
            return here((await FleetState(redis).snapshot()).living, host)
    finally:
        await redis.aclose()


def main(variables: Mapping[str, str], host: str) -> int:
    """0 if a worker of this host reports, else 1. A provider that is down is no fault of its worker."""
    url = Environment(variables, Path.cwd()).get("FLEET_REDIS_URL")
    try:
        if url is None:
            raise FleetUnavailable("FLEET_REDIS_URL is not set")
        nodes = asyncio.run(asyncio.wait_for(look(SecretStr(url), host), _WITHIN_S))
    except (FleetError, TimeoutError) as failed:
        sys.stderr.write(f"{failed or 'Redis does not answer in time'}\n")
        return 1
    sys.stdout.write((summary(nodes) or f"no worker of {host} reports to Redis") + "\n")
    return 0 if nodes else 1


if __name__ == "__main__":
    sys.exit(main(os.environ, socket.gethostname()))
