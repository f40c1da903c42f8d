"""`/fleet/metrics`: the whole fleet's numbers for Prometheus. They are there when no worker lives."""

import tornado.web
from flower.views import BaseHandler
from pydantic import SecretStr
from redis.asyncio import Redis

from ...tasks.connection import translated
from ...tasks.errors import FleetUnavailable
from ..metrics.exposition import exposed
from ..metrics.gathering import fleet_metrics


class FleetMetrics(BaseHandler):  # type: ignore[misc]  # Flower has no types
    """redis, redis_url: of the fleet."""

    def initialize(self, redis: Redis, redis_url: SecretStr) -> None:
        self._redis = redis
        self._redis_url = redis_url

    @tornado.web.authenticated
    async def get(self) -> None:
        try:
            with translated(self._redis_url):
                found = await fleet_metrics(self._redis)
        except FleetUnavailable as failed:
            self.set_status(503)
            self.write(f"{failed}\n")
            return
        text, content_type = exposed(found, accept=self.request.headers.get("Accept", ""))
        self.set_header("Content-Type", content_type)
        self.write(text)
