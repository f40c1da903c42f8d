"""The reference of `fleet bench slots`: a plain Celery task that asks over HTTP, as it is usually written.

Where everything is comes from BENCH_REDIS_URL, BENCH_PROVIDER_URL and BENCH_SLOTS. As a program it publishes tasks.
"""

import os
import sys

import httpx2
from celery import Celery

from .prompts import prompts

_url = os.environ.get("BENCH_REDIS_URL", "memory://")
app = Celery("plain", broker=_url, backend="disabled://" if _url == "memory://" else _url)
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True)

_slots = int(os.environ.get("BENCH_SLOTS", "1"))
_client = httpx2.Client(
    base_url=os.environ.get("BENCH_PROVIDER_URL", "http://127.0.0.1:1"),
    timeout=60,
    limits=httpx2.Limits(max_connections=_slots, max_keepalive_connections=_slots),
)


@app.task(name="plain.ask")
def ask(prompt: str) -> str:
    """The answer's text, which Celery stores as the result."""
    body = {"model": "sim-chat", "messages": [{"role": "user", "content": prompt}]}
    reply = _client.post("/v1/chat/completions", json=body)
    reply.raise_for_status()
    return str(reply.json()["choices"][0]["message"]["content"])


if __name__ == "__main__":
    for each in prompts(int(sys.argv[1])):
        app.send_task("plain.ask", (each,))
