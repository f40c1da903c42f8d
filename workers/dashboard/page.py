"""The `/fleet` page."""

from typing import Any

import tornado.web

from ...tasks.errors import FleetUnavailable
from ...tasks.status import FleetStatus, read_status
from .handler import FleetHandler
from .rows import ENDS, node_rows, queue_rows, type_rows

_NOTHING = FleetStatus(now=0.0)


class FleetPage(FleetHandler):
    @tornado.web.authenticated
    async def get(self) -> None:
        try:
            status = await self.read(read_status)
        except FleetUnavailable as failed:
            self.render("fleet.html", problem=str(failed), **shown(_NOTHING))
        else:
            self.render("fleet.html", problem="", **shown(status))


def shown(status: FleetStatus) -> dict[str, Any]:
    """The variables of the template."""
    ended = status.totals()
    empty = sum(not queue.waiting for queue in status.queues)
    return {
        "totals": [
            ("In batches", status.held, ""),
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
