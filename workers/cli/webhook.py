"""Hands events on to whoever listens at a URL: a chat, a pager, a program."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2

from ...tasks.errors import InvalidRequest
from ..providers.endpoint import AttemptFailed
from ..providers.transport_errors import translated

#: Seconds that one try may take, and those after which it is tried again.
_WITHIN_S = 10.0
_AGAIN_S = (1.0, 5.0)


def checked(url: str) -> str:
    """The URL as it is. Raises InvalidRequest if it is none of HTTP."""
    parsed = httpx2.URL(url)
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise InvalidRequest("--webhook takes an http or https address, such as https://chat.example/hooks/abc")
    return url


@dataclass(slots=True)
class Webhook:
    """One POST of JSON for each event, in their order. The URL may hold a secret, and is never told."""

    url: str
    client: httpx2.AsyncClient
    sleep: Callable[[float], Awaitable[None]] = field(default=asyncio.sleep)

    async def tell(self, said: dict[str, Any]) -> str | None:
        """Why nobody took it after some tries, None if somebody did."""
        problem = await self._post(said)
        for wait_s in _AGAIN_S:
            if problem is None:
                return None
            await self.sleep(wait_s)
            problem = await self._post(said)
        return problem

    async def _post(self, said: dict[str, Any]) -> str | None:
        try:
            with translated():
                async with asyncio.timeout(_WITHIN_S):
                    response = await self.client.post(self.url, json=said)
        except AttemptFailed as failed:
            return str(failed.failure.fault)
        except TimeoutError:
            return f"no answer within {_WITHIN_S:g} s"
        return None if response.is_success else f"HTTP {response.status_code}"
