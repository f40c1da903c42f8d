"""`/fleet/metrics`: the whole fleet's numbers for Prometheus. They are there when no worker lives."""

import tornado.web

from ...tasks.errors import FleetUnavailable
from ..metrics.exposition import exposed
from ..metrics.gathering import fleet_metrics
from .handler import FleetHandler


class FleetMetrics(FleetHandler):
    @tornado.web.authenticated
    async def get(self) -> None:
        try:
            found = await self.read(fleet_metrics)
        except FleetUnavailable as failed:
            self.write(f"{failed}\n")
            return
        text, content_type = exposed(found, accept=self.request.headers.get("Accept", ""))
        self.set_header("Content-Type", content_type)
        self.write(text)
