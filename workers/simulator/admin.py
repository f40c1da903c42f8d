"""The simulator's own API: faults, settings and statistics while it runs.

GET, POST, DELETE /_sim/faults    DELETE /_sim/faults/NAME[:provider=X]    GET, PATCH /_sim/settings
GET /_sim/stats    GET /_sim/requests/ID    POST /_sim/reset
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, cast

from aiohttp import web
from pydantic import ValidationError

from ...tasks.errors import InvalidRequest
from .engine import Engine
from .faults.board import Active
from .faults.catalogue import fault_named
from .faults.spec import FaultSpec

PREFIX = "/_sim"


class Faults(Protocol):
    """What switches faults on and off."""

    def switch_on(self, fault: FaultSpec) -> Active: ...

    async def switch_off(self, name: str | None = None) -> list[str]: ...


class Admin:
    """lifeline: whether this API can still be reached while the listener refuses connections."""

    def __init__(self, engine: Engine, faults: Faults, *, lifeline: bool) -> None:
        self._engine, self._faults, self._lifeline = engine, faults, lifeline
        self._routes: Mapping[tuple[str, str], Callable[[web.BaseRequest], Awaitable[object]]] = {
            ("GET", "faults"): self._list_faults,
            ("POST", "faults"): self._switch_on,
            ("DELETE", "faults"): self._switch_off,
            ("GET", "settings"): self._settings,
            ("PATCH", "settings"): self._configure,
            ("GET", "stats"): self._stats,
            ("GET", "requests"): self._request,
            ("POST", "reset"): self._reset,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers in JSON; what cannot be done is a 400 that says why."""
        group = request.path.removeprefix(PREFIX).strip("/").split("/")[0]
        route = self._routes.get((request.method, group))
        if route is None:
            known = ", ".join(f"{method} {PREFIX}/{name}" for method, name in self._routes)
            return _json({"error": f"no {request.method} {request.path}; known: {known}"}, 404)
        try:
            return _json(await route(request))
        except InvalidRequest as wrong:
            return _json({"error": str(wrong)}, 400)

    async def _list_faults(self, _: web.BaseRequest) -> object:
        return {"active": [_told(active) for active in self._engine.board.active]}

    async def _switch_on(self, request: web.BaseRequest) -> object:
        given = await _body(request)
        specs = [_spec(part) for part in (cast("list[object]", given) if isinstance(given, list) else [given])]
        for spec in specs:
            if spec.strikes_listener and spec.lasting is None and not self._lifeline:
                raise InvalidRequest(
                    f"{spec.fault.name!r} would cut off this API too; say for how long ({spec.fault.name}:for=5s), "
                    "or give it a port of its own with --admin-port"
                )
        return {"active": [_told(self._faults.switch_on(spec)) for spec in specs]}

    async def _switch_off(self, request: web.BaseRequest) -> object:
        name = _last(request, "faults")
        if name:
            fault_named(name.partition(":")[0])
        return {"switched_off": await self._faults.switch_off(name or None)}

    async def _settings(self, _: web.BaseRequest) -> object:
        return self._engine.settings.model_dump(mode="json")

    async def _configure(self, request: web.BaseRequest) -> object:
        changes = await _body(request)
        if not isinstance(changes, dict):
            raise InvalidRequest('settings are an object such as {"latency_s": 0.5}')
        try:
            self._engine.configure(self._engine.settings.changed(cast("dict[str, object]", changes)))
        except ValidationError as wrong:
            raise InvalidRequest(problems(wrong)) from None
        return await self._settings(request)

    async def _stats(self, _: web.BaseRequest) -> object:
        return self._engine.stats.snapshot()

    async def _request(self, request: web.BaseRequest) -> object:
        stats, id_ = self._engine.stats, _last(request, "requests")
        return {"id": id_, "requested": stats.requested(id_), "served": stats.served(id_)}

    async def _reset(self, _: web.BaseRequest) -> object:
        self._engine.reset()
        return self._engine.stats.snapshot()


def problems(wrong: ValidationError) -> str:
    """One line for each setting that is wrong."""
    told = ((error["loc"], error["msg"].removeprefix("Value error, ")) for error in wrong.errors(include_url=False))
    return "; ".join(f"{'.'.join(map(str, where))}: {what}" for where, what in told)


def _spec(given: object) -> FaultSpec:
    if isinstance(given, str):
        return FaultSpec.parse(given)
    if isinstance(given, dict):
        return FaultSpec.of(cast("dict[str, object]", given))
    raise InvalidRequest('a fault is written as "http-503:rate=0.3", or as an object with a name')


def _told(active: Active) -> dict[str, object]:
    fault = active.spec.fault
    return {
        "fault": str(active.spec),
        "name": fault.name,
        "row": fault.row,
        "seen": active.seen,
        "struck": active.struck,
    }


def _last(request: web.BaseRequest, group: str) -> str:
    return request.path.removeprefix(f"{PREFIX}/{group}").strip("/")


async def _body(request: web.BaseRequest) -> Any:
    try:
        return json.loads(await request.read())
    except ValueError:
        raise InvalidRequest("the body is not JSON") from None


def _json(body: object, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)
