"""Lua scripts in a folder of a package, run by Redis."""

from functools import cache
from importlib import resources
from typing import Any

from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError

from .connection import AsyncRedis


class Scripts:
    """The scripts of `package`, in its folder `scripts`; each is given the namespace as its only key.

    shared: a file of that folder that comes before each of them. Errors of Redis pass through as they are.
    """

    def __init__(self, redis: AsyncRedis, package: str, namespace: str, *, shared: str | None = "lib") -> None:
        self._redis = redis
        self._package = package
        self._namespace = namespace
        self._shared = shared
        self._known: dict[str, AsyncScript] = {}

    async def run(self, name: str, *arguments: str | bytes | float) -> Any:
        """What the script replies."""
        if name not in self._known:
            self._known[name] = self._redis.register_script(_source(self._package, name, self._shared))
        try:
            return await self._known[name](keys=[self._namespace], args=arguments)
        except NoScriptError as forgotten:
            raise RedisConnectionError("it was restarted between the loading of a script and its call") from forgotten


@cache
def _source(package: str, name: str, shared: str | None) -> str:
    folder = resources.files(package) / "scripts"
    return "\n".join((folder / f"{part}.lua").read_text() for part in (shared, name) if part)
