"""What Flower's pages of the fleet have in common."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from flower.views import BaseHandler
from pydantic import SecretStr
from redis.asyncio import Redis

from ...tasks.connection import translated
from ...tasks.errors import FleetUnavailable

_T = TypeVar("_T")


class FleetHandler(BaseHandler):  # type: ignore[misc]  # Flower has no types
    """redis, redis_url: of the fleet."""

    def initialize(self, redis: Redis, redis_url: SecretStr) -> None:
        self._redis = redis
        self._redis_url = redis_url

    async def read(self, look: Callable[[Redis], Awaitable[_T]]) -> _T:
        """What Redis says. Raises FleetUnavailable, having said so in the reply's status."""
        try:
            with translated(self._redis_url):
                return await look(self._redis)
        except FleetUnavailable:
            self.set_status(503)
            raise
