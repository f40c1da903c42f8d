"""What people use instead: the policy of OpenAI's cookbook, and plain back-off. Against the same limits, without end.

The cookbook's `api_request_parallel_processor.py` keeps one bucket of requests and one of tokens that begin full, takes
the prompt and `max_tokens` for each request, gives nothing back, and rests for 15 s when it is refused. Its advice for
everything else is to retry with random exponential back-off from 1 to 60 s (tenacity's `wait_random_exponential`).
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import aiohttp

from ...routing.tokens import estimate_tokens
from .sizes import MOST_ANSWER, bodies

_MODEL = "sim-chat"
_REST_S = 15.0
_ATTEMPTS = 5
_BACKOFF_S = (1.0, 60.0)
#: Requests that are made at the same time by those who only back off.
_AT_ONCE = 32
_LOOK_EVERY_S = 0.001


@dataclass(slots=True)
class Door:
    """Where calls are made."""

    http: aiohttp.ClientSession
    url: str

    async def admits(self, body: dict[str, Any]) -> bool:
        """Make a call; False if it is refused for its limits."""
        async with self.http.post(f"{self.url}/v1/chat/completions", json={**body, "model": _MODEL}) as response:
            await response.read()
            return response.status != 429


@dataclass(slots=True)
class Cookbook:
    """One process, as it is meant to be run, told the whole of the limits."""

    door: Door
    rpm: float
    tpm: float
    _rest_until: float = 0.0
    _again: deque[tuple[dict[str, Any], int]] = field(default_factory=deque[tuple[dict[str, Any], int]])

    async def run(self) -> None:
        """Call without end."""
        requests, tokens, at = self.rpm, self.tpm, time.monotonic()
        fresh = ((body, _ATTEMPTS) for seed in count() for body in bodies(1000, seed=seed))
        waiting: tuple[dict[str, Any], int] | None = None
        async with asyncio.TaskGroup() as calls:
            while True:
                waiting = waiting or (self._again.popleft() if self._again else next(fresh))
                now = time.monotonic()
                requests = min(self.rpm, requests + self.rpm * (now - at) / 60)
                tokens = min(self.tpm, tokens + self.tpm * (now - at) / 60)
                at, size = now, _tokens(waiting[0])
                if requests >= 1 and tokens >= size and now >= self._rest_until:
                    requests, tokens = requests - 1, tokens - size
                    calls.create_task(self._call(*waiting))
                    waiting = None
                await asyncio.sleep(_LOOK_EVERY_S)

    async def _call(self, body: dict[str, Any], attempts_left: int) -> None:
        if not await self.door.admits(body):
            self._rest_until = time.monotonic() + _REST_S
            if attempts_left > 1:
                self._again.append((body, attempts_left - 1))


@dataclass(slots=True)
class Backoff:
    """So many callers at the same time that know nothing of each other."""

    door: Door

    async def run(self) -> None:
        """Call without end."""
        await asyncio.gather(*(self._caller(seed) for seed in range(_AT_ONCE)))

    async def _caller(self, seed: int) -> None:
        rng = Random(seed)  # noqa: S311 - spreads waits
        while True:
            for body in bodies(1000, seed=seed):
                tries = 0
                while not await self.door.admits(body):
                    await asyncio.sleep(max(_BACKOFF_S[0], rng.uniform(0, min(_BACKOFF_S[1], 2.0**tries))))
                    tries += 1


def _tokens(body: dict[str, Any]) -> int:
    return sum(4 + estimate_tokens(message["content"]) for message in body["messages"]) + MOST_ANSWER
