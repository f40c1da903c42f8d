"""Hands a process' events on to whoever watches the fleet: through a Redis stream, and to Flower as Celery's events."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from ...tasks.fleet_events import FleetEvents
from .events import EVENTS

log = structlog.get_logger()

#: Seconds for which events are gathered.
EVERY_S = 0.5
#: Events of one turn; in a storm the newest are worth most.
ROOM = 200

#: Seconds for the last words of a process.
_LAST_WORDS_S = 2.0

#: What an event of the log has besides its fields.
_OF_THE_LOG = frozenset({"timestamp", "exc_info"})

Told = Mapping[str, Any]
ToFlower = Callable[[Sequence[Told]], None]


@dataclass(slots=True)
class Herald:
    """take: may be called in any thread. lost: events for which there was no room, not yet told of."""

    waiting: deque[Told] = field(default_factory=lambda: deque(maxlen=ROOM))
    lost: int = 0

    def take(self, event: Told) -> None:
        """An event of the log, with its level. What no catalogue describes is for people at the log."""
        if event.get("event") not in EVENTS:
            return
        self.lost += len(self.waiting) == ROOM
        self.waiting.append({name: value for name, value in event.items() if name not in _OF_THE_LOG})

    async def run(self, node: str, books: FleetEvents, to_flower: ToFlower | None) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.tell(node, books, to_flower)

    @asynccontextmanager
    async def telling(self, node: str, books: FleetEvents, to_flower: ToFlower | None) -> AsyncGenerator[None]:
        """Tell what is taken while the block lasts, and at its end the rest, to which no Flower listens any more."""
        telling = asyncio.create_task(self.run(node, books, to_flower))
        try:
            yield
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            with suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await self.tell(node, books, None)

    async def tell(self, node: str, books: FleetEvents, to_flower: ToFlower | None) -> None:
        """What has gathered; while Redis is away it stays, as far as there is room. Watchers come after the jobs: what
        goes wrong here is no reason to end a pool.
        """
        gathered, self.waiting = self.waiting, deque[Told](maxlen=ROOM)
        if not gathered:
            return
        events = [{**event, "node": node} for event in gathered]
        try:
            await books.tell(events)
        except (RedisError, OSError):
            self.lost += max(0, len(gathered) + len(self.waiting) - ROOM)
            self.waiting = deque([*gathered, *self.waiting], maxlen=ROOM)
            return
        if self.lost:
            lost, self.lost = self.lost, 0
            log.warning("events.lost", events=lost)
        if to_flower is not None:
            with suppress(RedisError, OperationalError, OSError):
                await asyncio.to_thread(to_flower, events)


def flower_of(app: Celery, node: str) -> ToFlower:
    """Sends events as Celery's own: `provider.changed` as `workfleet-provider-changed`, with `level` and `fields`."""

    def send(events: Sequence[Told]) -> None:
        with app.events.default_dispatcher(hostname=node) as dispatcher:
            for event in events:
                fields = {name: value for name, value in event.items() if name not in ("event", "level", "node")}
                kind = f"workfleet-{event['event'].replace('.', '-')}"
                dispatcher.send(kind, level=event["level"], fields=fields)

    return send
