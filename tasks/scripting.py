"""Lua scripts in a folder of a package, run by Redis. Each of them may be called again after a lost reply."""

from contextlib import suppress
from functools import cache
from importlib import resources
from typing import Any

from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError

from .cancellable import PACKER
from .connection import AsyncRedis
from .script_line import ScriptLine

#: Larger calls would hold up the others on their line, where Redis is far away.
SMALL_BYTES = 64 * 1024


class Scripts:
    """The scripts of `package`, in its folder `scripts`; each is given the namespace as its only key.

    shared: files of that folder that come before each of them. Errors of Redis pass through as they are.
    """

    def __init__(self, redis: AsyncRedis, package: str, namespace: str, *, shared: tuple[str, ...] = ()) -> None:
        self._redis = redis
        self._package = package
        self._namespace = namespace
        self._shared = shared
        self._known: dict[str, AsyncScript] = {}
        self._line: ScriptLine = redis.connection_pool.line

    async def run(self, name: str, *arguments: str | bytes | float) -> Any:
        """What the script replies."""
        if name not in self._known:
            self._known[name] = self._redis.register_script(_source(self._package, name, self._shared))
        script = self._known[name]
        if sum(len(each) for each in arguments if isinstance(each, str | bytes)) <= SMALL_BYTES:
            with suppress(NoScriptError, RedisConnectionError):
                return await self._line.call(PACKER.pack("EVALSHA", script.sha, 1, self._namespace, *arguments))
        return await self._alone(script, arguments)

    async def _alone(self, script: AsyncScript, arguments: tuple[str | bytes | float, ...]) -> Any:
        """Over a connection of its own, again if that is lost, and loaded first if Redis does not know the script."""
        try:
            return await script(keys=[self._namespace], args=arguments)
        except NoScriptError as forgotten:
            raise RedisConnectionError("it was restarted between the loading of a script and its call") from forgotten


@cache
def _source(package: str, name: str, shared: tuple[str, ...]) -> str:
    folder = resources.files(package) / "scripts"
    return "\n".join((folder / f"{part}.lua").read_text() for part in (*shared, name))
