"""The Celery application: queues, settings, and the tasks that carry jobs."""

import ssl
from collections.abc import Callable, Iterable
from typing import Any, Protocol, cast

from celery import Celery
from celery.app.task import Task
from kombu import Exchange, Queue
from pydantic import SecretStr

from ..routing.lanes import TASK_TYPES, alternate_queue, lanes
from .errors import JobFailed
from .messages import STEPS, task_name

#: Where Celery producers hand in jobs with `send_task("workfleet.submit", …)`. No Celery worker consumes it: what is
#: handed in is taken in by the pools (workers/pool/intake.py).
SUBMIT_QUEUE = "workfleet.submit"
SUBMIT_TASK = "workfleet.submit"


class Runner(Protocol):
    """What a worker does with deliveries; the pools implement it."""

    def run(self, job_id: str) -> object: ...


def make_app(
    redis_url: SecretStr,
    *,
    task_types: Iterable[str] = TASK_TYPES,
    providers: Iterable[str] = (),
    runner: Runner | None = None,
    transport: str | None = None,
    events: bool = True,
) -> Celery:
    """The Celery application of the fleet.

    runner: what runs the jobs; None for clients, Flower and everything else that runs none. transport: kombu's, if not
    the one that the URL names. events: task events for Flower, which cost about 30% of the message rate.
    """
    url = redis_url.get_secret_value()
    app = Celery("workfleet", broker=url, backend=url)
    names = [*lanes(task_types), *(alternate_queue(provider) for provider in providers), SUBMIT_QUEUE]
    app.conf.update(_settings(names, events=events), broker_transport=transport)
    if url.startswith("rediss:"):
        # As redis-py does it; the URL may say otherwise.
        verified = {"ssl_cert_reqs": ssl.CERT_REQUIRED}
        app.conf.update(broker_use_ssl=verified, redis_backend_use_ssl=verified)
    add_task_types(app, task_types, runner)
    return app


def _settings(queues: Iterable[str], *, events: bool) -> dict[str, Any]:
    anonymous = Exchange("", type="direct")
    return {
        "task_queues": [Queue(name, anonymous, routing_key=name) for name in queues],
        # What follows a job in a canvas may be another application's task: it goes where Celery's workers look.
        "task_routes": {SUBMIT_TASK: {"queue": SUBMIT_QUEUE}},
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": ["json"],
        "task_default_priority": 0,
        # The record decides, not the broker: a second delivery is dropped, a lost message is pushed anew. Late
        # acknowledgement keeps a worker from holding more messages than it has slots.
        "task_acks_late": True,
        "worker_prefetch_multiplier": 1,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # A Redis that is full refuses the consumer's commands for a while; without this the worker would end.
        "broker_channel_error_retry": True,
        "broker_transport_options": {
            # kombu would note each message in two more keys of Redis until it is acknowledged. The record knows better.
            "ack_emulation": False,
            "priority_steps": list(STEPS),
            "health_check_interval": 10,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "max_connections": 1024,
        },
        "result_backend_transport_options": {"socket_connect_timeout": 5},
        "redis_backend_health_check_interval": 10,
        "worker_send_task_events": events,
        "task_send_sent_event": False,
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "worker_enable_remote_control": True,
        "worker_proc_alive_timeout": 30,
    }


def add_task_types(app: Celery, task_types: Iterable[str], runner: Runner | None) -> None:
    """Let the application run jobs of these types."""

    def run(task: Task[..., Any]) -> object:
        return _runner(runner).run(str(task.request.id))

    for task_type in task_types:
        # A job's result is stored by the commit that ends it, not by Celery's tracer.
        _task(app, task_name(task_type), run, ignore_result=True, throws=(JobFailed,))


def _task(app: Celery, name: str, body: Callable[..., Any], **options: Any) -> None:
    # Not shared: Celery would give it to every other application of the process, with this one's runner.
    cast("Any", app.task)(name=name, bind=True, shared=False, **options)(body)


def _runner(runner: Runner | None) -> Runner:
    if runner is None:
        raise RuntimeError(
            "this Celery application only hands jobs in; start `fleet worker --provider NAME` to run them"
        )
    return runner
