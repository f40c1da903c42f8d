"""Says how this node stands, hears how the others do, and opens and closes its lanes accordingly."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import structlog

from ...routing.control import Control
from ...routing.directory import Directory, Route
from ...routing.gate import Turn, decide, empties_its_queue
from ...routing.lanes import Band, alternate_queue, lane
from ...routing.selection import widened
from ...routing.strategy import ordered
from ...routing.suitability import Work
from ...tasks.connection import PASSING
from ...tasks.fleet_state import STOPPING, FleetState, NodeReport, Snapshot
from ...tasks.strategies import installed_ordering
from ..attempts.chain import model_of
from ..attempts.executor import Executor
from ..attempts.leases import Leases
from ..endpoints.upstream import Upstream
from ..endpoints.uptime import Uptime
from .handover import HandOver

log = structlog.get_logger()

EVERY_S = 0.2
#: Why a model takes no jobs that its limits have no room for.
NO_ROOM = "its limits have no room"
_FORGET_EVERY = 300
#: Less than the time after which a silent node counts as gone: a new connection may still be quick enough.
_TURN_WITHIN_S = 1.5


async def _nothing() -> None:
    """What follows a change by hand where nothing does."""


@dataclass(slots=True)
class Gatekeeper:
    """apply: told the queues that are open and those that are not; called on the loop's thread, again at every turn.

    started_at: seconds since the epoch. serving: the queues that were opened last. resize: told how many slots there
    are from now on, and how many jobs more to take. on_control: called when something was changed by hand. recall:
    called when jobs that wait for this provider may find it well.
    """

    node: str
    slots: int
    fleet: FleetState
    directory: Directory
    upstream: Upstream
    executor: Executor
    leases: Leases
    apply: Callable[[frozenset[str], frozenset[str]], None]
    started_at: float
    resize: Callable[[int, int], None] = lambda _slots, _ahead: None
    on_control: Callable[[], Awaitable[None]] = _nothing
    recall: Callable[[], None] = lambda: None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    serving: frozenset[str] = frozenset()
    control: Control = field(default_factory=Control)
    ahead: int = 0
    _stood: tuple[str | None, frozenset[str], bool] | None = None
    _turns: int = 0
    _was_out: bool = True
    _uptime: Uptime = field(default_factory=Uptime)
    _hand_over: HandOver = field(default_factory=HandOver)
    configured_slots: int = field(init=False)
    _routes: dict[str, tuple[Work, Route | None]] = field(init=False)
    _open: dict[str, str] = field(default_factory=dict[str, str])
    _closed: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self.configured_slots = self.slots
        self.leases.occupancy.resize(self.slots)
        self.use(self.directory)

    def use(self, directory: Directory) -> None:
        """Decide by these providers and routes from now on."""
        self.directory = directory
        facts = directory.providers.get(self.upstream.provider.name)
        if facts is not None:
            self.upstream.follow(facts.breaker)
        kinds = [(task_type, band) for task_type in directory.task_types for band in Band]
        self._routes = {lane(*kind): (Work(*kind), self._route(*kind)) for kind in kinds}

    def _route(self, task_type: str, band: Band) -> Route | None:
        """With the models that its links mean, so that those which are used up can be told."""
        route = self.directory.route_for(task_type, band)
        if route is None:
            return None
        route = widened(route, self.directory.providers, task_type, installed_ordering(route.strategy))
        named = (
            link.model_copy(update={"model": model_of(link, self.directory, task_type, ())}) for link in route.chain
        )
        return route.model_copy(update={"chain": tuple(named)})

    async def run(self) -> None:
        """Take turns until cancelled: several a second, and at once when `wake` is set."""
        away = False
        while True:
            self.wake.clear()
            try:
                async with asyncio.timeout(_TURN_WITHIN_S):
                    await self.turn()
                away = False
            except (*PASSING, TimeoutError) as failed:
                if not away:
                    log.warning("gate.waits", error=str(failed) or "no reply in time")
                away = True
            try:
                async with asyncio.timeout(EVERY_S):
                    await self.wake.wait()
            except TimeoutError:
                pass

    async def turn(self) -> None:
        self._close_if_out()
        await self._share_breakers()
        await self.executor.admission.refresh()
        self._set_slots()
        report = self._report()
        stands = (report.unavailable, frozenset(report.out), report.leaving > 0)
        snapshot = await self.fleet.report(report, news=stands != self._stood)
        self._stood = stands
        self._recall_if_back()
        self._hear_others(snapshot)
        if snapshot.control != self.control:
            await self._obey(snapshot.control)
        self.executor.pools = snapshot.pools()
        self._turns += 1
        if self._turns % _FORGET_EVERY == 0:
            await self.fleet.forget(snapshot)
        self._decide(snapshot.queues)
        opened, closed = frozenset(self._open), frozenset(self._closed)
        own = frozenset({alternate_queue(self.upstream.provider.name)})
        if self._empties_own_queue():
            opened |= own
        else:
            closed |= own
        self.serving = opened
        self.apply(opened, closed)

    def _close_if_out(self) -> None:
        """Close the lanes before Redis is asked for anything.

        The slots that a dead provider has just freed must not fill with jobs that would only be sent on, and take the
        next pool's slots before those that were under way.
        """
        if self._open and (out := self.upstream.why_not()) is not None:
            self._closed |= dict.fromkeys(self._open, out)
            self.serving -= self._open.keys()
            self._open = {}
            self.apply(self.serving, frozenset(self._closed))

    def _recall_if_back(self) -> None:
        out = self.upstream.resting or self.upstream.why_not() is not None
        if self._was_out and not out:
            self.recall()
        self._was_out = out

    def _set_slots(self) -> None:
        slots = self.upstream.slots(self.configured_slots)
        ahead = self.leases.occupancy.ahead(slots)
        if slots != self.slots:
            log.info("pool.resized", slots=slots)
            self.leases.occupancy.resize(slots)
        if (slots, ahead) != (self.slots, self.ahead):
            self.slots, self.ahead = slots, ahead
            self.resize(slots, ahead)

    async def _share_breakers(self) -> None:
        """Tell what this node's calls showed, and hear of what all others' did."""
        try:
            heard = await self.fleet.breakers.tell(self.node, self.upstream.notes())
        except BaseException:
            self.upstream.untold()
            raise
        self.upstream.heard(heard, node=self.node)

    def _hear_others(self, snapshot: Snapshot) -> None:
        """How the provider's other nodes stand. Credentials that they were refused are wrong here too, if the same."""
        name = self.upstream.provider.name
        others = [node for node in snapshot.living if node.provider == name and node.node != self.node]
        well = [node for node in others if node.unavailable is None]
        self.upstream.elsewhere, self.upstream.relief = bool(well), not all(node.doubted for node in well)
        self.upstream.heard_refusals({key: words for node in others for key, words in node.refusals.items()})

    async def _obey(self, control: Control) -> None:
        """Do as was changed by hand."""
        own_name = self.upstream.provider.name
        own = control.of(own_name)
        log.info("control.changed", provider=own_name, **own.model_dump(exclude_defaults=True))
        self.upstream.use(own)
        self.executor.admission.provider = self.upstream.provider.as_changed(own)
        if self._turns and own.resets != self.control.of(own_name).resets:
            await self.executor.admission.ask_again()
        if own != self.control.of(own_name):
            self.recall()
        await self.on_control()
        self.control = control
        self.wake.set()

    def _empties_own_queue(self) -> bool:
        """A host that cannot run them leaves the jobs of its provider, and those to be tried again, to one that can."""
        upstream, out = self.upstream, self._why_not() is not None
        if (out and upstream.elsewhere) or (upstream.doubted and upstream.relief):
            return False
        name, pools = self.upstream.provider.name, self.executor.pools
        return empties_its_queue(name, pools, hopeless=self.upstream.hopeless)

    def _decide(self, used: frozenset[str]) -> None:
        """used: queues that have ever had a job; each lane that is consumed is one more key of every BRPOP."""
        opened: dict[str, str] = {}
        closed: dict[str, str] = {}
        out = self._why_not()
        for name, (work, route) in self._routes.items():
            if name in used:
                turn = self._turn(route, work) if out is None else Turn(open=False, why=out)
                if turn.open and route is not None and (limited := self._limited(route, work)) is not None:
                    turn = Turn(open=False, why=limited)
                (opened if turn.open else closed)[name] = turn.why
        for name in opened.keys() - self._open.keys():
            log.debug("lane.opened", lane=name, why=opened[name])
        for name in closed.keys() & self._open.keys():
            log.debug("lane.closed", lane=name, why=closed[name])
        self._open, self._closed = opened, closed

    def _why_not(self) -> str | None:
        """Why this host takes no jobs, whatever others of the provider do."""
        return STOPPING if self.executor.draining else self.upstream.why_not()

    def _turn(self, route: Route | None, work: Work) -> Turn:
        return decide(route and self._as_it_is(route, work), self.upstream.provider.name, self.executor.pools)

    def _as_it_is(self, route: Route, work: Work) -> Route:
        """In the order that its strategy has it in now."""
        ordering = installed_ordering(route.strategy)
        return ordered(route, self.directory.providers, work, self.executor.pools, ordering)

    def _limited(self, route: Route, work: Work) -> str | None:
        """Why the limits of this pool's targets in a lane have no room within about a second, None if one has."""
        own = [link for link in route.chain if link.provider == self.upstream.provider.name]
        models = [model_of(link, self.directory, work.task_type, self.upstream.models) for link in own]
        why = [self.executor.admission.why_not(model) if model is not None else None for model in models]
        return None if None in why else why[0]

    def _models_out(self) -> dict[str, str]:
        admission = self.executor.admission
        limited = {model: admission.why_not(model) or NO_ROOM for model in admission.out()}
        return {**limited, **self.upstream.models_out()}

    def _broken(self) -> Iterator[str]:
        """What takes no calls because a breaker is open."""
        name = self.upstream.provider.name
        if self.upstream.resting and self.upstream.why_not() is not None:
            yield name
        yield from (f"{name}/{model}" for model in self.upstream.models_out())

    def _report(self) -> NodeReport:
        return NodeReport(
            node=self.node,
            provider=self.upstream.provider.name,
            endpoint=", ".join(line.endpoint.base_url for line in self.upstream.lines),
            slots=self.slots,
            busy=self.leases.occupancy.busy,
            full_s=round(self.leases.occupancy.full_for_s(self.slots), 3),
            short_s=round(self.executor.admission.shortage.for_s(), 3),
            unavailable=self._why_not(),
            doubted=self.upstream.doubted,
            resting=self.upstream.resting and not self.executor.draining,
            leaving=self._hand_over.leaving(self.leases.held.values(), self._broken()),
            models=self.upstream.models[:50],
            out=self._models_out(),
            refusals=self.upstream.refusals(),
            observed=self.upstream.observed,
            endpoints=self.upstream.endpoints(),
            uptime=round(self._uptime.share(up=self.upstream.why_not() is None), 4),
            control=self.upstream.control,
            versions=self.control.versions,
            open_lanes=tuple(self._open),
            closed_lanes=self._closed,
            started_at=self.started_at,
        )
