"""Asking a server about itself: whether it is well, and which models it has."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ...routing.failure import Failure, Fault
from .dialect import Call, ListedModel, Reply
from .dialects import dialect_of
from .endpoint import AttemptFailed, Endpoint, Timeouts
from .json_fields import mapping, parse, text
from .limits_told import Told, limits_in_headers
from .paging import MAX_PAGES, next_page
from .server_load import ServerLoad, server_load
from .wire import Wire

#: Calls for the details of listed models that are under way at once.
_DETAILS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Health:
    """latency_s: until the whole reply had come. detail: for people, why if it is not healthy. told: of its limits.

    refused: the words with which it refused our credentials.
    """

    healthy: bool
    latency_s: float
    detail: str
    version: str | None = None
    told: Told = field(default_factory=Told)
    refused: str | None = None


def within(limit_s: float) -> Timeouts:
    """One limit for everything."""
    return Timeouts(connect_s=limit_s, first_token_s=limit_s, idle_s=limit_s, total_s=limit_s)


async def fetch_well(wire: Wire, endpoint: Endpoint, calls: Sequence[Call], timeouts: Timeouts) -> Reply:
    """The reply to the first call that the server knows. Raises AttemptFailed for every status but 2xx."""
    for call in calls[:-1]:
        reply = await wire.fetch(endpoint, call, timeouts)
        if reply.status not in (400, 404, 405):
            return _well(endpoint, reply)
    return _well(endpoint, await wire.fetch(endpoint, calls[-1], timeouts))


async def check(wire: Wire, endpoint: Endpoint, timeout_s: float) -> Health:
    """Whether the server answers, without asking a model. Never raises."""
    row, began = endpoint.row, time.monotonic()
    if not row.health_path:
        return Health(True, 0.0, "has no health check; its calls tell")
    try:
        reply = await fetch_well(wire, endpoint, [Call(row.health_method, row.health_path)], within(timeout_s))
    except AttemptFailed as failed:
        refused = failed.failure.message if failed.failure.fault is Fault.AUTH else None
        return Health(False, time.monotonic() - began, str(failed), refused=refused)
    latency_s, told = time.monotonic() - began, limits_in_headers(reply.headers, type_=endpoint.type)
    if row.version_path not in (None, row.health_path):
        with suppress(AttemptFailed):
            reply = await fetch_well(wire, endpoint, [Call("GET", row.version_path)], within(timeout_s))
    return Health(True, latency_s, "answers", text(mapping(parse(reply.body)).get("version")) or None, told)


async def load(wire: Wire, endpoint: Endpoint, timeout_s: float) -> ServerLoad | None:
    """How busy the server says that it is, None if it does not tell. Never raises."""
    try:
        return server_load((await fetch_well(wire, endpoint, [Call("GET", "/metrics")], within(timeout_s))).body)
    except AttemptFailed:
        return None


async def listed_models(wire: Wire, endpoint: Endpoint, timeout_s: float) -> tuple[ListedModel, ...]:
    """The models with what the server tells of each; details that do not come in time are left out.

    Azure lists what could be deployed; what is, the configuration says.
    """
    until = time.monotonic() + timeout_s
    models = [model async for model in _listed(wire, endpoint, until)]
    if deployed := endpoint.api.deployments:
        named = {model.name: model for model in models}
        return tuple(named.get(name, ListedModel(name)) for name in deployed)
    several = asyncio.Semaphore(_DETAILS_AT_ONCE)

    async def detailed(model: ListedModel) -> ListedModel:
        async with several:
            return await _with_details(wire, endpoint, model, until - time.monotonic())

    return tuple(await asyncio.gather(*map(detailed, models)))


async def _listed(wire: Wire, endpoint: Endpoint, until: float) -> AsyncGenerator[ListedModel]:
    """The models of every page. One that cannot be read to its end in time is a failure, not shorter."""
    row = endpoint.row
    if not row.listing_paths:
        raise AttemptFailed(Failure(Fault.BAD_REQUEST, "it has no listing of its models"))
    calls = [Call("GET", path) for path in row.listing_paths]
    first = calls[-1]
    for _ in range(MAX_PAGES):
        reply = await fetch_well(wire, endpoint, calls, within(max(0.0, until - time.monotonic())))
        models = dialect_of(row.dialect).models(row, reply)
        if isinstance(models, Failure):
            raise AttemptFailed(models)
        for model in models:
            yield model
        following = next_page(row, first, reply)
        if following is None:
            return
        calls = [following]


async def _with_details(wire: Wire, endpoint: Endpoint, model: ListedModel, left_s: float) -> ListedModel:
    row = endpoint.row
    dialect = dialect_of(row.dialect)
    call = dialect.details(row, model)
    if call is None or left_s <= 0:
        return model
    try:
        return dialect.with_details(model, await fetch_well(wire, endpoint, [call], within(left_s)))
    except AttemptFailed:
        return model


def _well(endpoint: Endpoint, reply: Reply) -> Reply:
    if 200 <= reply.status < 300:
        return reply
    raise AttemptFailed(dialect_of(endpoint.row.dialect).failure(reply))
