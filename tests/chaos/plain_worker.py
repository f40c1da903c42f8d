"""What is written without a fleet: a Celery task that calls a provider, with every setting that is to keep it safe.

Late acknowledgement, rejection when a worker is lost, a short visibility timeout that is looked at often, results in
Redis, retries. `python -m tests.chaos.plain_worker NAME SLOTS` is a worker.
"""

import json
import os
import random
import sys
from typing import Any, Final

import httpx2
from celery import Celery
from celery.app.task import Task

from .load import SAY
from .provider import ASKER_HEADER

REDIS_URL: Final = "CHAOS_REDIS"
PROVIDER_URLS: Final = "CHAOS_PROVIDERS"
TASK: Final = "plain.ask"
VISIBILITY_TIMEOUT_S: Final = 20

_TIMEOUT_S = 6.0
_RETRY_AFTER_S = 1.0


def make_app(redis_url: str, *, results: bool = True) -> Celery:
    """results: whether the process looks after results; who only hands jobs in does not."""
    app = Celery("plain", broker=redis_url, backend=redis_url if results else None, set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            # By default it is looked at every 100 s.
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
        },
    )
    return app


def main(name: str, slots: int) -> None:
    """The worker, until it is ended."""
    app = make_app(os.environ[REDIS_URL])
    urls = json.loads(os.environ[PROVIDER_URLS])
    client = httpx2.Client(timeout=_TIMEOUT_S)

    @app.task(name=TASK, bind=True, max_retries=8)
    def ask(task: Task[Any, Any], job: str) -> str:
        url = random.choice(urls)
        body = {"model": "sim-chat", "messages": [{"role": "user", "content": SAY.format(name=job)}]}
        try:
            reply = client.post(
                f"{url}/v1/chat/completions", json=body, headers={"x-request-id": job, ASKER_HEADER: name}
            )
            reply.raise_for_status()
            return str(reply.json()["choices"][0]["message"]["content"])
        except (httpx2.HTTPError, ValueError) as failed:
            raise task.retry(exc=failed, countdown=_RETRY_AFTER_S) from None

    del ask
    options = ("--pool", "threads", "--concurrency", str(slots), "--hostname", name, "--loglevel", "INFO")
    app.worker_main(["worker", "--without-gossip", "--without-mingle", *options])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
