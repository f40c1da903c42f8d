"""What is written without a fleet: a Celery task that calls the provider, in Celery's threads pool.

Its HTTP client is httpx2, the continuation of httpx. Run as a program it is the worker.
"""

import os
from typing import Final

import httpx2
from celery import Celery

from .prompts import messages

REDIS_URL: Final = "FLEET_BENCH_REDIS"
PROVIDER_URL: Final = "FLEET_BENCH_PROVIDER"
SLOTS: Final = "FLEET_BENCH_SLOTS"

TASK: Final = "bench.ask"


def make_app(redis_url: str) -> Celery:
    return Celery("bench", broker=redis_url, backend=redis_url, set_as_current=False)


def main() -> None:
    """The worker, until it is ended."""
    slots = int(os.environ[SLOTS])
    app = make_app(os.environ[REDIS_URL])
    # A pool as large as the number of threads: its default of 100 would be a limit.
    limits = httpx2.Limits(max_connections=slots, max_keepalive_connections=slots)
    client = httpx2.Client(base_url=os.environ[PROVIDER_URL], timeout=60, limits=limits)

    @app.task(name=TASK)
    def ask(prompt: str) -> str:
        response = client.post("/v1/chat/completions", json=body(prompt))
        response.raise_for_status()
        return str(response.json()["choices"][0]["message"]["content"])

    del ask
    app.worker_main(["worker", "--pool", "threads", "--concurrency", str(slots), "--loglevel", "WARNING"])


def body(prompt: str) -> dict[str, object]:
    return {"model": "sim-chat", "messages": messages(prompt), "max_tokens": 512}


if __name__ == "__main__":
    main()
