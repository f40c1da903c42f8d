"""One asyncio loop a worker process, in which every network call runs; Celery's task threads hand their jobs to it and
wait.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
import uvloop
from celery import Celery
from prometheus_client.metrics_core import Metric
from pydantic import SecretStr

from ...routing.directory import Directory
from ...routing.lanes import alternate_queue
from ...tasks.client import AsyncClient
from ...tasks.connection import PASSING
from ...tasks.fleet_events import FleetEvents
from ...tasks.job import JobState
from ..attempts.ending import Declined, Ended, Ending
from ..attempts.executor import Executor
from ..attempts.leases import Leases
from ..endpoints.key_file import follow_key
from ..endpoints.probing import probe
from ..endpoints.upstream import Upstream
from ..metrics import worker as worker_metrics
from ..metrics.endpoint import MetricsEndpoint, Place
from ..metrics.gathering import fleet_metrics
from ..patience import persist
from ..providers.endpoint import Endpoint
from ..providers.sender import Sender
from ..registry.keeper import ListingKeeper, Sync
from ..registry.listings import Listings
from ..settings.modes import near
from ..settings.provider import ProviderSettings
from ..settings.schema import TaskTypeSettings
from .continuing import Continuing
from .gatekeeper import Gatekeeper
from .herald import Herald, flower_of
from .intake import Intake
from .recall import Recall
from .reconciler import Reconciler
from .stall import StallWatch

_T = TypeVar("_T")

log = structlog.get_logger()

_PROBE_EVERY_S = 1.0
_REREAD_EVERY_S = 1.0
#: Seconds that a stopping pool gives Redis to take what is left to commit.
_LAST_S = 5.0
#: Seconds until what has not heard of its cancellation is cancelled again.
_CANCEL_EVERY_S = 0.5
#: Seconds for taking leave of the other pools. They would miss this one soon anyway.
_LEAVE_S = 2.0


@dataclass(frozen=True, slots=True)
class PoolPlan:
    """What one worker process is to be. node: `NAME@host`. slots: calls at the same time. grace_s: how long jobs may go
    on when it stops. configured: the directory is this host's own, not the fleet's. metrics: where they are served.
    sync: how the provider's models are kept as it lists them; None is not at all.
    """

    node: str
    provider: ProviderSettings
    endpoints: tuple[Endpoint, ...]
    slots: int
    directory: Directory
    redis_url: SecretStr
    namespace: str = "wf"
    grace_s: float = 30.0
    task_types: Mapping[str, TaskTypeSettings] = field(default_factory=dict[str, TaskTypeSettings])
    configured: bool = True
    metrics: Place | None = None
    sync: Sync | None = None


class Runtime:
    """Everything of a pool that lives on the loop; Celery's threads call `run`, `submit`, `drain` and `stop`."""

    def __init__(
        self,
        plan: PoolPlan,
        *,
        on_lanes: Callable[[frozenset[str], frozenset[str]], None],
        on_slots: Callable[[int, int], None],
        on_defect: Callable[[], None],
        herald: Herald | None = None,
    ) -> None:
        self.plan = plan
        self.herald = herald or Herald()
        self._on_defect = on_defect
        # On asyncio's own loop, `fleet bench slots` gave 96% where this one gave 97.5%.
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="workfleet-loop", daemon=True)
        self._duties: list[asyncio.Task[None]] = []
        self._deliveries: set[asyncio.Task[Any]] = set()
        self._drains = 0
        self.client = AsyncClient(plan.redis_url, directory=plan.directory, namespace=plan.namespace)
        self.sender = Sender(near=near([plan.provider]))
        store, fleet = self.client.store, self.client.fleet
        self.leases = Leases(store)
        self.upstream = Upstream.of(plan.provider, plan.endpoints, self.sender, task_types=plan.task_types)
        self.executor = Executor(plan.node, store, self.leases, self.upstream, plan.directory)
        self.gate = Gatekeeper(
            plan.node,
            plan.slots,
            fleet,
            plan.directory,
            self.upstream,
            self.executor,
            self.leases,
            on_lanes,
            time.time(),
            on_slots,
            self._reread,
        )
        self.recall = Recall(store, alternate_queue(plan.provider.name))
        self.gate.recall = self.recall.want
        self.listings = self._listings(plan)
        self.stall = StallWatch(self.client.redis, self._expected, self._stalled)
        self.metrics = MetricsEndpoint(self._own_metrics, self._fleet_metrics)
        self.upstream.changed = self.executor.admission.changed = self.gate.wake.set

    def _listings(self, plan: PoolPlan) -> ListingKeeper | None:
        if plan.sync is None or not plan.provider.health_check.enabled:
            return None
        listings, host = Listings(self.client.redis, namespace=plan.namespace), socket.gethostname()
        place = (plan.node, host, plan.provider, plan.endpoints)
        return ListingKeeper(*place, plan.sync, self.sender, self.client.fleet, listings, self.upstream.learned)

    def start(self, app: Celery) -> None:
        """Start the loop and the pool's duties. After a fork, never before: threads do not survive it."""
        store, fleet = self.client.store, self.client.fleet
        self.continuing = Continuing(store, app)
        self.intake = Intake(self.plan.node, self.client, app, self.continuing)
        self.reconciler = Reconciler(self.plan.node, store, fleet, self.plan.directory, self.continuing.left_behind)
        self.to_flower = flower_of(app, self.plan.node) if app.conf.worker_send_task_events else None
        self._thread.start()
        self._do(self._start())

    async def _start(self) -> None:
        await self.sender.__aenter__()
        plan = self.plan
        if plan.metrics is not None:
            await self.metrics.open(plan.metrics)
        self._use(await persist(lambda: self.client.fleet.publish_directory(plan.directory, whole=plan.configured)))
        await probe(self.upstream)
        for duty in (
            self.leases.keep(),
            self.leases.listen(self.gate.wake.set),
            self.gate.run(),
            self.recall.run(),
            self.executor.admission.keep(),
            self.reconciler.run(),
            self.intake.run(),
            self._probing(),
            self._rereading(),
            follow_key(self.upstream),
            self.stall.watch(),
            self.herald.run(plan.node, self._events, self.to_flower),
            *((self.listings.run(),) if self.listings is not None else ()),
        ):
            self._duties.append(asyncio.create_task(duty))
            self._duties[-1].add_done_callback(self._duty_ended)

    async def _probing(self) -> None:
        while True:
            await asyncio.sleep(_PROBE_EVERY_S)
            await probe(self.upstream)

    async def _rereading(self) -> None:
        """Hear of providers and routes that others have told the fleet of."""
        while True:
            await asyncio.sleep(_REREAD_EVERY_S)
            with suppress(*PASSING):
                await self._reread()

    async def _reread(self) -> None:
        directory = await self.client.fleet.directory()
        if directory is not None and directory != self.executor.directory:
            self._use(directory)

    def _use(self, directory: Directory) -> None:
        self.client.use(directory)
        self.executor.directory = self.reconciler.directory = directory
        self.gate.use(directory)

    @property
    def _events(self) -> FleetEvents:
        return FleetEvents(self.client.redis, namespace=self.plan.namespace)

    def _expected(self) -> frozenset[str]:
        """The queues whose messages Celery must bring now."""
        full = self.leases.occupancy.busy >= self.gate.slots
        return frozenset() if full or self.draining or self.executor.suspects.isolated else self.gate.serving

    def _stalled(self) -> None:
        """What runs may go on for the grace; a new process takes what waits."""
        self.drain()
        self._on_defect()

    def _own_metrics(self) -> list[Metric]:
        name, takes_jobs = self.plan.provider.name, not self.draining and self.upstream.why_not() is None
        busy = self.leases.occupancy.busy
        stands = worker_metrics.WorkerStanding(self.plan.node, name, self.gate.slots, busy, takes_jobs)
        return [*worker_metrics.families(stands, self.executor.tally.totals())]

    async def _fleet_metrics(self) -> list[Metric]:
        return await fleet_metrics(self.client.redis, namespace=self.plan.namespace, providers=[self.plan.provider])

    def _do(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def run(self, job_id: str, on_free: Callable[[], None]) -> Ending:
        """Run one delivery; blocks its task thread until the job has ended or gone on. on_free: called on the loop, as
        soon as the job needs its slot no longer.
        """
        try:
            return self._do(self._deliver(job_id, on_free))
        except CancelledError:
            return Declined()

    async def _deliver(self, job_id: str, on_free: Callable[[], None]) -> Ending:
        task = asyncio.current_task()
        assert task is not None
        self._deliveries.add(task)
        try:
            return await self._run(job_id, on_free)
        finally:
            self._deliveries.discard(task)

    async def _run(self, job_id: str, on_free: Callable[[], None]) -> Ending:
        self.stall.delivered()
        ending = await self.executor.run(job_id, on_free=on_free)
        if isinstance(ending, Ended) and ending.awaited:
            await self.continuing.after(job_id, ending.outcome)
        elif isinstance(ending, Declined):
            await persist(lambda: self._return(job_id), patience_s=_LAST_S)
        return ending

    async def _return(self, job_id: str) -> None:
        """Push the job's message anew for other pools."""
        job = await self.client.store.job(job_id)
        if job is not None:
            await self.client.store.reroute(job_id, job.queue, job.queue)

    def revoke(self, job_id: str) -> None:
        """Cancel a job, wherever it is; safe in any thread, and does not wait."""
        store = self.client.store
        ending = persist(lambda: store.end_waiting([job_id], JobState.CANCELLED, "revoked through Celery"))
        asyncio.run_coroutine_threadsafe(ending, self._loop)

    @property
    def draining(self) -> bool:
        return self._drains > 0

    def drain(self) -> None:
        """Take no more jobs. Called again, or when the grace is over, what still runs is handed back."""
        self._drains += 1
        self._loop.call_soon_threadsafe(self._drain, self._drains > 1)

    def _drain(self, at_once: bool) -> None:
        self.executor.draining = self.intake.draining = True
        self.gate.wake.set()
        if at_once:
            self._hand_back()
        else:
            log.info("pool.draining", jobs=len(self.leases.held), grace_s=self.plan.grace_s)
            self._loop.call_later(self.plan.grace_s, self._hand_back)

    def _hand_back(self) -> None:
        if jobs := self.leases.hand_back():
            log.warning("pool.handing_back", jobs=jobs)
        self._loop.call_later(_LAST_S, self._abandon)

    def _abandon(self) -> None:
        """Redis is away, and the process must end: what waits for it is found by the reconciler of another one."""
        if self._deliveries:
            log.error("jobs.abandoned", jobs=len(self._deliveries))
            self._cancel_deliveries()

    def _cancel_deliveries(self) -> None:
        """Again and again: a library's clean-up may swallow one cancellation, and Celery waits for each of them."""
        for each in self._deliveries:
            each.cancel()
        if self._deliveries:
            self._loop.call_later(_CANCEL_EVERY_S, self._cancel_deliveries)

    def stop(self) -> None:
        """End the duties and the loop, whatever still runs."""
        if self._thread.is_alive():
            self._do(self._stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()

    async def _stop(self) -> None:
        pending = asyncio.all_tasks() - {asyncio.current_task()}
        while pending:
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=_CANCEL_EVERY_S)
        with suppress(*PASSING, TimeoutError):
            async with asyncio.timeout(_LEAVE_S):
                await self.intake.give_back(self.plan.node)
                await self.client.fleet.leave(self.plan.node)
                await self.herald.tell(self.plan.node, self._events, self.to_flower)
        await self.metrics.close()
        await self.sender.__aexit__(None, None, None)
        await self.client.redis.aclose()

    def _duty_ended(self, duty: "asyncio.Task[None]") -> None:
        """A duty never ends by itself; one that does has a defect, and the pool must not go on half alive."""
        if not duty.cancelled() and (error := duty.exception()) is not None:
            log.critical("pool.duty_died", duty=duty.get_name(), error=repr(error), exc_info=error)
            # Without its duty nobody may keep the leases of what runs; it goes back while they still hold.
            self._drain(at_once=True)
            self._on_defect()
