"""Which form of ruvLLM's API a server speaks: OpenAI's if it lists models, else its own `/query`."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from ..dialect import Call
from ..endpoint import Endpoint, Timeouts
from ..inspection import within
from ..json_fields import mapping, parse
from ..wire import Wire

#: Another server may have been started at the same address.
_REMEMBERED_S = 60.0
_LIMIT_S = 2.0


@dataclass(frozen=True, slots=True)
class _Found:
    form: Literal["openai", "query"]
    at: float


class Forms:
    """Remembers what it found. timer: seconds, from whenever."""

    def __init__(self, wire: Wire, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._wire = wire
        self._timer = timer
        self._found: dict[str, _Found] = {}

    async def settled(self, endpoint: Endpoint, timeouts: Timeouts) -> Endpoint:
        """The endpoint with its form; raises AttemptFailed if nobody answers there."""
        if endpoint.api.form != "auto":
            return endpoint
        found = self._found.get(endpoint.base_url)
        if found is None or self._timer() - found.at > _REMEMBERED_S:
            found = _Found(await self._look(endpoint, timeouts), self._timer())
            self._found[endpoint.base_url] = found
        return replace(endpoint, api=replace(endpoint.api, form=found.form))

    async def _look(self, endpoint: Endpoint, timeouts: Timeouts) -> Literal["openai", "query"]:
        limit_s = min(_LIMIT_S, timeouts.total_s)
        reply = await self._wire.fetch(endpoint, Call("GET", "/v1/models"), within(limit_s))
        return "openai" if reply.status == 200 and "data" in mapping(parse(reply.body)) else "query"
