"""The versions of a route that was changed by hand, in Redis: what it was, when, and who changed it."""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from ..routing.directory import Route
from .connection import AsyncRedis
from .errors import ChangedMeanwhile
from .scripting import Scripts

#: Versions of a route that are kept; older ones are forgotten.
KEPT = 50


@dataclass(frozen=True, slots=True)
class RouteVersion:
    """What a route was from one change on. at: seconds since the epoch, on Redis' clock.

    route: None is as configured.
    """

    number: int
    at: float
    by: str
    route: Route | None


class RouteVersions:
    """namespace: as the store's. Errors of Redis pass through as they are."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self._redis = redis
        self._prefix = f"{namespace}:versions:"
        self._scripts = Scripts(redis, "workfleet.tasks", namespace)

    async def add(self, name: str, route: Route | None, *, by: str = "", expected: int | None = None) -> int:
        """Have the route be so from now on, None as configured; the number of the version that it is.

        expected: the version that it must have, 0 if it was never changed; None is any. One that already is so gets no
        new version. Raises ChangedMeanwhile.
        """
        text = route.model_dump_json() if route else ""
        must_have = "" if expected is None else expected
        done, number = await self._scripts.run("change_route", name, text, by, must_have, KEPT)
        if not done:
            raise ChangedMeanwhile(f"route {name!r}", number, expected or 0)
        return int(number)

    async def of(self, name: str) -> list[RouteVersion]:
        """Newest first. Those that cannot be read, because a newer fleet wrote them, are left out."""
        kept = await self._redis.lrange(f"{self._prefix}{name}", 0, -1)
        return [version for version in map(_read, kept) if version is not None]


def _read(stored: bytes) -> RouteVersion | None:
    try:
        said = json.loads(stored)
        route = Route.model_validate_json(said["route"]) if said["route"] else None
        return RouteVersion(number=said["number"], at=said["at"] / 1000, by=said["by"], route=route)
    except (ValidationError, ValueError, KeyError, TypeError):
        return None
