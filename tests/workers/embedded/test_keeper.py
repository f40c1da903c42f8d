"""A server that dies comes back while others use it."""

import asyncio
import os
import signal
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from workfleet.workers.embedded.keeper import kept_alive
from workfleet.workers.embedded.server import EmbeddedRedis


async def test_users_of_a_server_that_is_killed_find_it_again_under_the_same_url(tmp_path: Path) -> None:
    async with EmbeddedRedis(tmp_path) as server, kept_alive(server, look_every_s=0.01):
        patience = Retry(ConstantBackoff(0.02), 500)
        async with Redis.from_url(server.url, retry=patience, decode_responses=True) as client:
            await client.set("job", "written")
            os.kill(int((tmp_path / "redis" / "redis.pid").read_text()), signal.SIGKILL)
            async with asyncio.timeout(20):
                assert await client.get("job") == "written"
