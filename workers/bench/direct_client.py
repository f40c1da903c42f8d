"""As little as can lie between a loop and a provider: aiohttp, and so many calls at the same time. Run as a program."""

import asyncio
import os

import aiohttp

from .plain_celery import PROVIDER_URL, SLOTS, body
from .prompts import prompts


async def main() -> None:
    """Call without end."""
    slots = int(os.environ[SLOTS])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=slots)) as session:
        await asyncio.gather(*(_call(session) for _ in range(slots)))


async def _call(session: aiohttp.ClientSession) -> None:
    url = os.environ[PROVIDER_URL] + "/v1/chat/completions"
    while True:
        for prompt in prompts(1000):
            async with session.post(url, json=body(prompt)) as response:
                response.raise_for_status()
                await response.json()


if __name__ == "__main__":
    asyncio.run(main())
