"""Events of a worker come to whoever watches the fleet, in their order, without costing its jobs anything."""

from collections.abc import Sequence
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_events import FleetEvents
from workfleet.workers.pool.herald import ROOM, Herald, Told

CHANGED = {"event": "provider.changed", "level": "warning", "provider": "groq", "endpoint": "x", "unavailable": "down"}


class Books(FleetEvents):
    """A stream that is there, or not."""

    def __init__(self, *, away: bool = False) -> None:
        super().__init__(None)
        self.away = away
        self.told = list[str]()

    async def tell(self, events: Any) -> None:
        if self.away:
            raise RedisConnectionError
        self.told += [f"{event['event']} {event.get('events', '')}".strip() for event in events]


def named(number: int) -> dict[str, Any]:
    return {"event": "pool.resized", "level": "info", "slots": number}


async def test_what_is_taken_is_read_by_whoever_follows(redis_url: str) -> None:
    herald = Herald()
    async with AsyncClient(redis_url) as client:
        books = FleetEvents(client.redis)
        herald.take({**CHANGED, "timestamp": "now"})
        await herald.tell("groq@here", books, None)
        (event,) = await books.last(10)
        herald.take(named(4))
        await herald.tell("groq@here", books, None)
        follower = books.follow(event.offset)
        next_one = await anext(follower)

    assert (event.name, event.level, event.node) == ("provider.changed", "warning", "groq@here")
    assert event.fields == {"provider": "groq", "endpoint": "x", "unavailable": "down"}
    assert (next_one.name, next_one.fields) == ("pool.resized", {"slots": 4})


async def test_what_no_catalogue_describes_is_not_told() -> None:
    herald, books = Herald(), Books()
    herald.take({"event": "broker at 127.0.0.1 is gone", "level": "warning"})
    await herald.tell("n", books, None)
    assert books.told == []


async def test_while_redis_is_away_events_wait_and_the_newest_are_kept() -> None:
    herald, books = Herald(), Books(away=True)
    for number in range(ROOM):
        herald.take(named(number))
    await herald.tell("n", books, None)
    herald.take(CHANGED)
    await herald.tell("n", books, None)
    assert [event["event"] for event in herald.waiting][-1] == "provider.changed"
    assert (len(herald.waiting), herald.waiting[0]["slots"], herald.lost) == (ROOM, 1, 1)

    books.away = False
    await herald.tell("n", books, None)
    assert len(books.told) == ROOM
    assert herald.lost == 0


async def test_flower_is_told_too_and_its_trouble_is_nobodys() -> None:
    heard = list[Told]()

    def to_flower(events: Sequence[Told]) -> None:
        heard.extend(events)
        raise RedisConnectionError

    herald, books = Herald(), Books()
    herald.take(CHANGED)
    await herald.tell("n", books, to_flower)
    assert ([event["node"] for event in heard], books.told) == (["n"], ["provider.changed"])
