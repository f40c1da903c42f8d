"""What happens in the fleet, for whoever watches it: the events of all its workers, in one Redis stream.

<ns>:events  stream of about the last KEPT; field `e` is JSON: `event`, `level`, `node`, and the event's own fields
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from .connection import AsyncRedis
from .errors import InvalidRequest
from .stream import is_offset

#: Events that stay; some hundred bytes each.
KEPT = 10_000
_COUNT = 500
_BLOCK_MS = 1000
_OWN = ("event", "level", "node")

_Entries = list[tuple[bytes, dict[bytes, bytes]]]


@dataclass(frozen=True, slots=True)
class FleetEvent:
    """offset: where to go on reading after it. at: seconds since 1970 on Redis' clock. name: `noun.verb_past`."""

    offset: str
    at: float
    name: str
    level: str
    node: str
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


class FleetEvents:
    """namespace: as the store's. Errors of Redis pass through as they are."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self._redis = redis
        self._key = f"{namespace}:events"

    async def tell(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Add events with `event`, `level`, `node` and their fields, in this order."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for event in events:
                pipe.xadd(self._key, {"e": json.dumps(event, default=str)}, maxlen=KEPT, approximate=True)
            await pipe.execute()

    async def last(self, count: int) -> list[FleetEvent]:
        """The newest, oldest of them first."""
        found = cast("_Entries", await self._redis.xrevrange(self._key, count=count)) if count else []
        return [_event(offset, fields) for offset, fields in reversed(found)]

    async def follow(self, after: str) -> AsyncIterator[FleetEvent]:
        """Those after an offset, as they come, for ever. Raises InvalidRequest for an offset that is none."""
        if not is_offset(after):
            raise InvalidRequest(f"{after!r} is no offset of an event, such as 1764000000000-0; 0 is the beginning")
        while True:
            reply: Any = await self._redis.xread({self._key: after}, count=_COUNT, block=_BLOCK_MS)
            for offset, fields in self._entries(reply):
                event = _event(offset, fields)
                after = event.offset
                yield event

    def _entries(self, reply: Any) -> _Entries:
        """RESP3 has a mapping of key to chunks, RESP2 a list of pairs of key and entries."""
        if not reply:
            return []
        return cast("_Entries", reply[self._key.encode()][0] if isinstance(reply, dict) else reply[0][1])


def _event(offset: bytes, fields: Mapping[bytes, bytes]) -> FleetEvent:
    said: dict[str, Any] = json.loads(fields[b"e"])
    rest = {name: value for name, value in said.items() if name not in _OWN}
    at = int(offset.partition(b"-")[0]) / 1000
    return FleetEvent(offset.decode(), at, said["event"], said["level"], said["node"], rest)
