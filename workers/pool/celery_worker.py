"""Celery's worker, ended our way.

Its own waits for its jobs however long, answers Ctrl-C with code 1, and lets a hang-up start it anew.
"""

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import structlog
from celery import Celery
from celery.apps.worker import Worker
from celery.concurrency.thread import TaskPool
from celery.worker import WorkController
from celery.worker import state as celery_state
from celery.worker.consumer import Consumer
from celery.worker.control import Panel

from ...tasks.messages import task_type_of

log = structlog.get_logger()

#: Seconds for which task events are gathered.
EVENTS_EVERY_S = 0.05


class Drained(Protocol):
    """What takes no more jobs once it drains; the runtime."""

    @property
    def draining(self) -> bool: ...

    def drain(self) -> None: ...


class SlotThreads(TaskPool):
    """Celery's pool of threads, with some beyond the slots.

    A message holds its slot until it is acknowledged, and that is when the call of its job is over. The thread still
    has the job to commit then; another one begins with the next message.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.executor = ThreadPoolExecutor(max_workers=_threads(self.limit))

    def resize(self, slots: int) -> int:
        """Have so many slots from now on; what runs in more goes on. The change in their number."""
        more: int = slots - self.limit
        self.limit = slots
        # The executor starts threads as they are needed, and looks at this each time; there is no public way.
        executor: Any = self.executor
        executor._max_workers = max(executor._max_workers, _threads(slots))
        return more

    def grow(self, n: int) -> None:
        """Celery's own command; it tells the consumer by itself."""
        self.resize(self.limit + n)

    def shrink(self, n: int) -> None:
        """As `grow`."""
        self.resize(max(1, self.limit - n))


def _threads(slots: int) -> int:
    return slots + slots // 4 + 2


class GatheringConsumer(Consumer):
    """Celery's consumer, which publishes task events a few at a time.

    Celery publishes at every turn of its loop, which at some hundred jobs a second is nearly once for each event, and
    costs a fifth of all CPU of a job.
    """

    _events_due = False

    #: Celery's, for which its stubs have no types.
    hub: Any
    event_dispatcher: Any

    def on_send_event_buffered(self) -> Any:
        # Called in any thread; the hub's timer is for its own.
        if self.hub and not self._events_due:
            self._events_due = True
            self.hub.call_soon(self.hub.call_later, EVENTS_EVERY_S, self._publish_events)

    def _publish_events(self) -> None:
        self._events_due = False
        if self.event_dispatcher:
            self.event_dispatcher.flush()

    def shutdown(self) -> None:
        # Flower would show the last jobs as running for ever.
        self._publish_events()
        super().shutdown()


def consumer_that_learns(learn: Callable[[str], None]) -> type[Consumer]:
    """A consumer that takes jobs of a type that only a newer configuration elsewhere names.

    Celery would store a failure as the job's result, though nobody has run it. learn: adds a task type to the
    application.
    """

    class LearningConsumer(GatheringConsumer):
        def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
            task_type = task_type_of(str(message.headers.get("task", "")))
            if not task_type:
                super().on_unknown_task(body, message, exc)
                return
            log.info("task_type.learned", task_type=task_type)
            learn(task_type)
            self.update_strategies()
            self.create_task_handler()(message)

    return LearningConsumer


def cancel_revoked(cancel: Callable[[str], None]) -> None:
    """Have `celery control revoke` and Flower's buttons cancel jobs, whether they wait or run.

    Celery would write a result of its own, though the job may be running elsewhere just now. cancel: told the ids.
    """

    def revoke(state: Any, task_id: str | list[str], **_: Any) -> dict[str, str]:  # noqa: ARG001 - Celery's names
        ids = [task_id] if isinstance(task_id, str) else list(task_id)
        for each in ids:
            cancel(each)
        return {"ok": f"cancelled: {', '.join(ids)}"}

    def terminate(state: Any, signal: str, task_id: str | list[str], **_: Any) -> dict[str, str]:  # noqa: ARG001
        return revoke(state, task_id)

    Panel.data.update(revoke=revoke, terminate=terminate)


class PoolWorker(Worker):
    """runtime: told when the worker is to stop, however that comes about. options: of Celery's worker."""

    def __init__(self, app: Celery, runtime: Drained, **options: Any) -> None:
        self._runtime = runtime
        super().__init__(app=app, **options)

    def install_platform_tweaks(self, worker: WorkController) -> None:  # noqa: ARG002 - Celery's name
        on_signals(self._asked_to_stop)

    def _asked_to_stop(self) -> None:
        self._runtime.drain()
        end_worker(os.EX_OK)

    def stop(self, in_sighandler: bool = False, exitcode: int | None = None) -> None:
        # Flower's button and a defect of the consumer end it without a signal.
        if not self._runtime.draining:
            self._runtime.drain()
        super().stop(in_sighandler=in_sighandler, exitcode=exitcode)


def end_worker(code: int, *, within_s: float | None = None) -> None:
    """Have the process' worker end with a code; its loop looks at this at every turn. Safe in any thread.

    within_s: after so long the process ends even if that loop hangs.
    """
    if within_s is not None:
        last = threading.Timer(within_s, os._exit, [code])
        last.daemon = True
        last.start()
    celery_state.should_stop = code  # type: ignore[assignment]  # the stubs know only its first value


def is_ending() -> bool:
    """Whether the process' worker has been told to end."""
    return celery_state.should_stop is not None or celery_state.should_terminate is not None


def on_signals(act: Callable[[], object]) -> None:
    """Act on SIGTERM, on Ctrl-C, and on the end of the terminal unless that is ignored, as under nohup."""

    def handle(_number: int, _frame: object) -> None:
        act()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handle)
