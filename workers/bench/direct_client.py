"""The reference of `fleet bench slots`: nothing but an HTTP client with so many calls at a time.

python -m workfleet.workers.bench.direct_client URL SLOTS REQUESTS
"""

import asyncio
import sys
from collections.abc import Iterator

import aiohttp

from .prompts import prompts


async def _call(session: aiohttp.ClientSession, url: str, waiting: Iterator[str]) -> None:
    for prompt in waiting:
        body = {"model": "sim-chat", "messages": [{"role": "user", "content": prompt}]}
        async with session.post(f"{url}/v1/chat/completions", json=body) as reply:
            answer = await reply.json()
            assert answer["choices"][0]["message"]["content"]


async def run(url: str, slots: int, requests: int) -> None:
    """Ask for every answer, `slots` at a time."""
    waiting = prompts(requests)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=slots)) as session:
        await asyncio.gather(*(_call(session, url, waiting) for _ in range(slots)))


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
