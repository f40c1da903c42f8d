"""Events at a URL: what is posted, and what becomes of one that nobody takes."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import InvalidRequest
from workfleet.tasks.fleet_events import FleetEvents
from workfleet.workers.cli.webhook import Webhook, checked

from ..providers.peer import listening

SAID = {"name": "quota.exhausted", "text": "error: quota.exhausted"}


def hook(*replies: httpx2.Response | Exception) -> tuple[Webhook, list[float]]:
    left, slept = list(replies), list[float]()

    def answer(_: httpx2.Request) -> httpx2.Response:
        reply = left.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    return Webhook("http://chat/hook", httpx2.AsyncClient(transport=httpx2.MockTransport(answer)), sleep), slept


@pytest.mark.parametrize(
    ("replies", "problem", "tries"),
    [
        ([httpx2.Response(204)], None, 1),
        ([httpx2.Response(500), httpx2.Response(200)], None, 2),
        ([httpx2.ConnectError("refused"), httpx2.ConnectError("refused"), httpx2.Response(404)], "HTTP 404", 3),
    ],
    ids=["taken", "taken the second time", "not taken"],
)
async def test_an_event_is_tried_three_times(
    replies: list[httpx2.Response | Exception], problem: str | None, tries: int
) -> None:
    webhook, slept = hook(*replies)
    async with webhook.client:
        assert (await webhook.tell(SAID), slept) == (problem, [1.0, 5.0][: tries - 1])


@pytest.mark.parametrize("url", ["chat.example", "ftp://chat.example/x", "http:///x"])
def test_what_is_no_address_is_refused_before_anything_is_shown(url: str) -> None:
    with pytest.raises(InvalidRequest, match="takes an http or https address"):
        checked(url)


async def test_the_command_posts_what_it_shows(tmp_path: Path, redis_url: str) -> None:
    posted: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().splitlines() if b"content-length" in line)
        posted.set_result(json.loads(await reader.readexactly(length)))
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()

    (tmp_path / "fleet.yaml").write_text("providers: {groq: {api_key: k, default_model: llama}}")
    async with AsyncClient(redis_url) as client, listening(take) as port:
        await FleetEvents(client.redis).tell(
            [
                {"event": "pool.resized", "level": "info", "node": "groq@a", "slots": 4},
                {"event": "quota.exhausted", "level": "error", "node": "groq@a", "quota": "usd/day@groq"},
            ]
        )
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "workfleet.workers.cli", "events", "--from", "0", "-e", "quota.exhausted"),
            *("--webhook", f"http://127.0.0.1:{port}/hook", "--config", str(tmp_path / "fleet.yaml")),
            env={"FLEET_REDIS_URL": redis_url, "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
            stdout=subprocess.DEVNULL,
        )
        try:
            found = await asyncio.wait_for(posted, 40)
        finally:
            process.kill()
            await process.wait()
    assert found["text"] == "error: quota.exhausted groq@a quota=usd/day@groq"
    assert (found["name"], found["fields"]) == ("quota.exhausted", {"quota": "usd/day@groq"})
