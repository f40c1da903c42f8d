"""One Celery worker process of one provider: the threads pool on Celery's side, the runtime on ours."""

import logging
import os
import socket
import sys
import threading
import warnings
from functools import partial
from typing import Any

import structlog
from celery import bootsteps
from celery.exceptions import ChordError, CPendingDeprecationWarning, Ignore, Retry, SecurityWarning
from celery.worker import state as celery_state

from ...routing.lanes import alternate_queue
from ...tasks.errors import JobFailed
from ...tasks.queues import add_task_types, make_app
from ..attempts.ending import Declined, Dropped, Ended, Moved
from . import garbage
from .celery_worker import PoolWorker, SlotThreads, cancel_revoked, consumer_that_learns, end_worker, on_signals
from .herald import Herald
from .runtime import PoolPlan, Runtime
from .transport import Transport

log = structlog.get_logger()

#: Seconds that a broken worker has to end, beyond the grace for its jobs.
_END_S = 10.0


def node_name(provider: str, host: str | None = None) -> str:
    return f"{provider}@{host or socket.gethostname()}"


class _GoesOn(Retry):
    """What Celery calls a retry. In its events it is the `repr`, which Celery's own has nothing in."""

    def __repr__(self) -> str:
        return str(self)


class _Deliveries:
    """Celery's side of the runtime: what a delivery's end means to Celery."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def run(self, job_id: str) -> object:
        delivery = celery_state.requests.get(job_id)
        match self._runtime.run(job_id, delivery.acknowledge if delivery else lambda: None):
            case Ended(outcome) if outcome.answer is not None:
                return {"job": job_id, "target": f"{outcome.answer.provider}/{outcome.answer.model}"}
            case Ended(outcome):
                raise JobFailed(f"{outcome.state}: {outcome.error}")
            case Moved(why):
                raise _GoesOn(why)
            case Dropped(why):
                raise Ignore(why)
            case Declined():
                raise Ignore("the pool stops")


class _Lanes:
    """Opens and closes queues of the Celery consumer, and changes its slots, on its own event loop's thread."""

    def __init__(self) -> None:
        self._consumer: Any = None
        self._wanted: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
        self._slots: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def attach(self, consumer: Any) -> None:
        """A consumer starts, at first or after a lost connection."""
        with self._lock:
            self._consumer = consumer
        consumer.call_soon(self._settle)
        consumer.call_soon(self._resize)

    def apply(self, opened: frozenset[str], closed: frozenset[str]) -> None:
        with self._lock:
            self._wanted, consumer = (opened, closed), self._consumer
        if consumer is not None:
            # Also if nothing has changed here: `celery control cancel_consumer` may have.
            consumer.call_soon(self._settle)

    def resize(self, slots: int, ahead: int) -> None:
        """Run so many jobs at the same time from now on, and take some more ahead."""
        with self._lock:
            self._slots, consumer = (slots, ahead), self._consumer
        if consumer is not None:
            consumer.call_soon(self._resize)

    def _resize(self) -> None:
        with self._lock:
            consumer, wanted = self._consumer, self._slots
        if consumer is None or wanted is None or consumer.qos is None:
            return
        slots, taken = wanted[0], sum(wanted)
        consumer.pool.resize(slots)
        if consumer.initial_prefetch_count != taken:
            consumer.initial_prefetch_count = consumer.qos.value = taken
            consumer.qos.update()

    def _settle(self) -> None:
        with self._lock:
            consumer, (opened, closed) = self._consumer, self._wanted
        if consumer is None or consumer.task_consumer is None:
            return
        for name in sorted(opened):
            if not consumer.task_consumer.consuming_from(name):
                consumer.add_task_queue(name)
        for name in sorted(closed):
            if consumer.task_consumer.consuming_from(name):
                consumer.cancel_task_queue(name)


def run_pool(plan: PoolPlan, *, events: bool = True, loglevel: str = "WARNING", herald: Herald | None = None) -> int:
    """Run a worker until it is told to stop; its exit code. herald: hears what is logged.

    SIGTERM, SIGINT and SIGHUP stop it when its jobs have ended or the grace is over; a second one hands them back at
    once.
    """
    # Two threads share the work of a message, Celery's and ours; the default of 5 ms lets one starve the other.
    sys.setswitchinterval(0.0005)
    logging.getLogger("celery.backends.redis").addFilter(_without_chords_tracebacks)
    # Celery warns of root because of pickle, which nothing here accepts.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    lanes = _Lanes()
    end_broken = partial(end_worker, os.EX_SOFTWARE, within_s=plan.grace_s + _END_S)
    runtime = Runtime(plan, on_lanes=lanes.apply, on_slots=lanes.resize, on_defect=end_broken, herald=herald)
    deliveries = _Deliveries(runtime)
    app = make_app(
        plan.redis_url,
        task_types=plan.directory.task_types,
        providers=plan.directory.providers,
        runner=deliveries,
        transport=f"{Transport.__module__}:{Transport.__qualname__}",
        events=events,
    )
    app.steps["consumer"].add(_gate(lanes))
    worker = PoolWorker(
        app,
        runtime,
        hostname=plan.node,
        pool=SlotThreads,
        consumer_cls=consumer_that_learns(lambda task_type: add_task_types(app, [task_type], deliveries)),
        concurrency=plan.slots,
        queues=[alternate_queue(plan.provider.name)],
        task_events=events,
        without_gossip=True,
        without_mingle=True,
        quiet=True,
        loglevel=loglevel,
    )
    # Celery, once it has set up its logs, warns at each lost connection of a setting that is made here.
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    on_signals(lambda: sys.exit(os.EX_OK))  # nothing runs yet
    cancel_revoked(runtime.revoke)
    try:
        runtime.start(app)
        worker.start()
    finally:
        runtime.stop()
    return int(worker.exitcode or 0)


def _without_chords_tracebacks(record: logging.LogRecord) -> bool:
    """A failed job fails its chord; the place in Celery where that came out tells nobody anything."""
    if record.exc_info and isinstance(record.exc_info[1], ChordError):
        record.exc_info = None
    return True


def _gate(lanes: _Lanes) -> type[bootsteps.StartStopStep]:
    class Gate(bootsteps.StartStopStep):
        requires = ("celery.worker.consumer.tasks:Tasks",)

        def start(self, parent: Any) -> None:
            garbage.spare()
            lanes.attach(parent)

    return Gate
