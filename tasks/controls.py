"""What people have changed while the fleet runs, in Redis. A change is one write, and wakes every node.

<ns>:control  hash  "provider|<name>|<setting>" and "agent|<name>|<setting>" -> value, "route|<name>" -> a route, JSON,
                    "version|<name>" -> number of a route's last change (tasks/route_versions.py)
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from ..routing.control import AgentControl, Control, ProviderControl
from ..routing.directory import Route
from .connection import AsyncRedis
from .route_versions import RouteVersions

_Made = TypeVar("_Made", bound=BaseModel)


class Controls:
    """namespace: as the store's. Errors of Redis pass through as they are."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self._redis = redis
        self.key = f"{namespace}:control"
        self._wake = f"{namespace}:wake"
        self.versions = RouteVersions(redis, namespace=namespace)

    async def read(self) -> Control:
        return read_control(await self._redis.hgetall(self.key))

    async def set_provider(self, name: str, settings: Mapping[str, str | float | None]) -> None:
        """Settings by the names of `ProviderControl`; None is as configured again."""
        fields = {f"provider|{name}|{setting}": value for setting, value in settings.items()}
        await self._change(fields)

    async def set_agent(self, name: str, settings: Mapping[str, float | None]) -> None:
        """Settings by the names of `AgentControl`; None is as configured again."""
        await self._change({f"agent|{name}|{setting}": value for setting, value in settings.items()})

    async def set_route(self, name: str, route: Route | None, *, by: str = "", expected: int | None = None) -> int:
        """None is as configured again. The number of its version then; see RouteVersions.add."""
        return await self.versions.add(name, route, by=by, expected=expected)

    async def forget_failures(self, name: str) -> None:
        """Have every node forget why a provider was out."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hincrby(self.key, f"provider|{name}|resets", 1)
            pipe.publish(self._wake, name)
            await pipe.execute()

    async def _change(self, fields: Mapping[str, str | float | None]) -> None:
        kept = {field: value for field, value in fields.items() if value is not None}
        dropped = [field for field in fields if field not in kept]
        async with self._redis.pipeline(transaction=True) as pipe:
            if kept:
                pipe.hset(self.key, mapping=kept)
            if dropped:
                pipe.hdel(self.key, *dropped)
            pipe.publish(self._wake, "control")
            await pipe.execute()


def read_control(raw: Mapping[bytes, bytes]) -> Control:
    """What cannot be read is left out: it may be a newer version's, and must not stop anybody."""
    settings: dict[str, dict[str, dict[str, str]]] = {"provider": {}, "agent": {}}
    routes: dict[str, Route] = {}
    versions: dict[str, int] = {}
    for field, value in sorted(raw.items()):
        kind, _, rest = field.decode().partition("|")
        if kind in settings:
            name, _, setting = rest.rpartition("|")
            settings[kind].setdefault(name, {})[setting] = value.decode()
        elif kind == "route":
            try:
                routes[rest] = Route.model_validate_json(value)
            except ValidationError:
                continue
        elif kind == "version" and value.isdigit():
            versions[rest] = int(value)
    providers, agents = _made(ProviderControl, settings["provider"]), _made(AgentControl, settings["agent"])
    return Control(providers=providers, routes=routes, versions=versions, agents=agents)


def _made(kind: type[_Made], settings: Mapping[str, Mapping[str, str]]) -> dict[str, _Made]:
    made: dict[str, _Made] = {}
    for name, each in settings.items():
        with suppress(ValidationError):
            made[name] = kind.model_validate(each)
    return made
