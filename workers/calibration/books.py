"""What the whole fleet knows of its estimates, in Redis: the factors' ratios, and how far off the estimates were."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import uuid4

from ...routing.calibration import Calibration, Errors, Kind
from ...tasks.connection import AsyncRedis
from ...tasks.estimates import calibrations
from ...tasks.scripting import Scripts
from .gauge import Gauge, News

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of one kind. before: of estimates by the text alone; after: of those that were used."""

    before: Errors = field(default_factory=Errors)
    after: Errors = field(default_factory=Errors)


class EstimateBooks:
    """Errors of Redis pass through as they are."""

    def __init__(self, redis: AsyncRedis, *, namespace: str = "wf") -> None:
        self._redis = redis
        self._namespace = namespace
        self._prefix = f"{namespace}:estimates:"
        self._scripts = Scripts(redis, "workfleet.workers.calibration", namespace)
        self._untold: tuple[str, dict[Kind, News]] | None = None

    async def share(self, gauge: Gauge) -> None:
        """Tell the fleet what is news to it, hear what it knows of that and of what is new here; else ask nothing."""
        if self._untold is None and (gauge.news or gauge.unheard):
            self._untold, gauge.news = (uuid4().hex, gauge.news), {}
        if self._untold is None:
            return
        ticket, news = self._untold
        asked = gauge.unheard | news.keys()
        fields = [_fields(kind, news.get(kind, News())) for kind in asked]
        reply = [text.decode() for text in await self._scripts.run("learn", ticket, json.dumps(fields))]
        self._untold, gauge.unheard = None, gauge.unheard - asked
        for kind, ratios in zip(map(Kind.parse, reply[::2]), reply[1::2], strict=True):
            # What was learned while Redis was asked is told the next time.
            since = gauge.news[kind].ratios if kind in gauge.news else ()
            gauge.known[kind] = Calibration(tuple(map(int, ratios.split()))).with_calls(since)

    async def calibrations(self) -> dict[Kind, Calibration]:
        return await calibrations(self._redis, namespace=self._namespace)

    async def accuracy(self) -> dict[Kind, Accuracy]:
        counted: Mapping[bytes, bytes] = await self._redis.hgetall(f"{self._prefix}errors")
        found: dict[Kind, dict[str, dict[int, int]]] = {}
        for name, calls in counted.items():
            kind, when, bucket = name.decode().rsplit(_SEPARATOR, 2)
            found.setdefault(Kind.parse(kind), {"before": {}, "after": {}})[when][int(bucket)] = int(calls)
        return {kind: Accuracy(Errors(each["before"]), Errors(each["after"])) for kind, each in found.items()}


def _fields(kind: Kind, news: News) -> dict[str, object]:
    """As learn.lua takes them."""
    errors = {f"before{_SEPARATOR}{bucket}": calls for bucket, calls in news.before.items()}
    errors |= {f"after{_SEPARATOR}{bucket}": calls for bucket, calls in news.after.items()}
    return {"kind": str(kind), "ratios": news.ratios, "errors": errors}
