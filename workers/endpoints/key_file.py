"""An API key that stands in a file. When another key is put into the file, the pool goes on with that."""

import asyncio

import structlog
from pydantic import SecretStr

from ..settings.environment import read_secret
from .upstream import Upstream

log = structlog.get_logger()

_LOOK_EVERY_S = 2.0


async def follow_key(upstream: Upstream, *, every_s: float = _LOOK_EVERY_S) -> None:
    """Have the pool's calls use what its key's file holds, for good."""
    file, known = upstream.provider.key_file, upstream.provider.api_key
    if file is None:
        await asyncio.Event().wait()
        return
    while True:
        await asyncio.sleep(every_s)
        # Off the loop: the file may be on another machine. Empty or gone, it is about to be replaced.
        found = await asyncio.to_thread(read_secret, file)
        if found is None or (known is not None and found == known.get_secret_value()):
            continue
        known = SecretStr(found)
        log.info("credentials.renewed", provider=upstream.provider.name)
        upstream.use_key(known)
