"""The `/fleet` page."""

from typing import Any

import tornado.web
from flower.views import BaseHandler
from pydantic import SecretStr
from redis.asyncio import Redis

from ...tasks.connection import translated
from ...tasks.errors import FleetUnavailable
from ...tasks.status import FleetStatus, read_status
from .rows import ENDS, node_rows, queue_rows, type_rows

_NOTHING = FleetStatus(now=0.0)


class FleetPage(BaseHandler):  # type: ignore[misc]  # Flower has no types
    """redis, redis_url: of the fleet."""

    def initialize(self, redis: Redis, redis_url: SecretStr) -> None:
        self._redis = redis
        self._redis_url = redis_url

    @tornado.web.authenticated
    async def get(self) -> None:
        try:
            with translated(self._redis_url):
                status = await read_status(self._redis)
        except FleetUnavailable as failed:
            self.set_status(503)
            self.render("fleet.html", problem=str(failed), **shown(_NOTHING))
        else:
            self.render("fleet.html", problem="", **shown(status))


def shown(status: FleetStatus) -> dict[str, Any]:
    """The variables of the template."""
    ended = status.totals()
    empty = sum(not queue.waiting for queue in status.queues)
    return {
        "totals": [
            ("Waiting", status.waiting, ""),
            ("Running", status.running, "metric-card-active"),
            ("Snoozed", status.snoozed, ""),
            *((end.capitalize(), ended.get(end, 0), _KINDS.get(end, "")) for end in ENDS),
            ("Dead letters", status.dead, "metric-card-danger"),
        ],
        "nodes": node_rows(status),
        "queues": queue_rows(status),
        "empty_queues": f"{empty} {'more are' if empty < len(status.queues) else 'queues, all'} empty",
        "types": type_rows(status),
        "ends": ENDS,
    }


_KINDS = {"succeeded": "metric-card-success", "failed": "metric-card-danger"}
