"""Flower as a person sees it: pools, lanes and jobs, and no prompt anywhere."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from pydantic import SecretStr

from workfleet.routing.directory import Directory
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.job import JobSpec
from workfleet.tasks.queues import make_app
from workfleet.workers.supervision.child import tethered

WITHIN_S = 60
PROMPT = "our secret plan"


@asynccontextmanager
async def flower(redis_url: str, *options: str, **env: str) -> AsyncGenerator[httpx2.AsyncClient]:
    """A browser at a running Flower."""
    process = await asyncio.create_subprocess_exec(
        *tethered(sys.executable, "-P", "-m", "workfleet.workers.cli", "flower", "--port", "0", *options),
        env={**os.environ, "FLEET_REDIS_URL": redis_url, **env},
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(WITHIN_S):
            url = re.search(r"http://[\d.:]+", (await process.stderr.readuntil(b"/fleet")).decode())
        assert url is not None
        async with httpx2.AsyncClient(base_url=url[0], timeout=WITHIN_S) as browser:
            yield browser
    finally:
        process.terminate()
        await process.communicate()
    assert process.returncode == 0


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(redis_url) as client:
        yield client


async def test_the_fleets_page_shows_pools_lanes_and_jobs(redis_url: str, client: AsyncClient) -> None:
    await client.submit(JobSpec.from_prompt(PROMPT, task_type="code-review", complexity="complex"))
    async with flower(redis_url) as browser:
        await client.fleet.report(NodeReport(node="groq@here", provider="groq", unavailable="its breaker is open"))
        page = (await browser.get("/fleet")).text
        for words in ("groq@here", "its breaker is open", "code-review.complex", "nobody"):
            assert words in page
        assert PROMPT not in page
        for path in ("/", "/tasks", "/broker"):
            assert 'href="/fleet"' in (await browser.get(path)).text


async def test_the_brokers_page_shows_lanes_that_nobody_takes_jobs_from(redis_url: str, client: AsyncClient) -> None:
    # Of a type that Flower's own application does not know.
    await client.fleet.publish_directory(Directory(task_types=("triage",)), whole=True)
    await client.submit(JobSpec.from_prompt(PROMPT, task_type="triage", complexity="complex"))
    async with flower(redis_url) as browser:
        page = (await browser.get("/broker")).text
    assert re.search(r"<td>triage\.complex</td>\s*<td[^>]*>1</td>", page)


async def test_the_fleets_metrics_are_there_when_no_worker_lives(redis_url: str, client: AsyncClient) -> None:
    await client.submit(JobSpec.from_prompt(PROMPT, task_type="code-review", complexity="complex"))
    async with flower(redis_url) as browser:
        told = await browser.get("/fleet/metrics")
    assert told.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert {"workfleet_unfinished_jobs 1.0", 'workfleet_queue_jobs{queue="code-review.complex"} 1.0'} <= set(
        told.text.splitlines()
    )


async def test_no_page_shows_what_a_foreign_producer_handed_in(redis_url: str) -> None:
    app = make_app(SecretStr(redis_url))
    async with flower(redis_url) as browser:
        with app.events.default_dispatcher(hostname="groq@here") as worker:
            # Flower listens from some moment on that it does not tell; until then events are lost.
            async with asyncio.timeout(WITHIN_S):
                while (await browser.get("/task/the-job")).status_code == 404:
                    kwargs = repr({"request": {"prompt": PROMPT}})
                    worker.send("task-received", uuid="the-job", name="workfleet.submit", args="()", kwargs=kwargs)
                    await asyncio.sleep(0.05)
        found = "/tasks/datatable?draw=1&start=0&length=10&search[value]=&order[0][column]=0&order[0][dir]=asc"
        for path in ("/task/the-job", found, "/worker/groq@here", "/api/tasks"):
            page = await browser.get(path)
            assert PROMPT not in page.text, path
    app.close()


async def test_a_login_is_asked_for_where_one_is_set(redis_url: str) -> None:
    async with flower(redis_url, FLEET_FLOWER_AUTH="me:tr0ub4dor") as browser:
        assert (await browser.get("/fleet")).status_code == 401
        assert (await browser.get("/fleet", auth=("me", "wrong"))).status_code == 401
        assert (await browser.get("/fleet", auth=("me", "tr0ub4dor"))).status_code == 200
        assert (await browser.get("/fleet/metrics")).status_code == 401
        assert (await browser.get("/fleet/metrics", auth=("me", "tr0ub4dor"))).status_code == 200
