"""Flower's page of the broker, with the queues in which jobs wait."""

from typing import Any, cast

from flower.views.broker import BrokerView
from tornado import web

from ...tasks.errors import FleetUnavailable
from ...tasks.status import read_status
from .handler import FleetHandler


class FleetBroker(FleetHandler, BrokerView):  # type: ignore[misc]  # Flower has no types
    """Flower lists the queues that workers took jobs from when it last asked them. Lanes open and close all the time,
    and of those that are closed people want to know most.
    """

    @web.authenticated
    async def get(self) -> None:
        try:
            status = await self.read(read_status)
        except FleetUnavailable as failed:
            self.write(f"{failed}\n")
            return
        self._filled = {queue.name for queue in status.queues if queue.waiting}
        await cast("Any", super()).get()

    def get_active_queue_names(self) -> list[str]:
        asked: list[str] = cast("Any", super()).get_active_queue_names()
        return sorted(self._filled.union(asked))
