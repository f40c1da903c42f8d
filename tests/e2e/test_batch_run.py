"""`fleet batch run` as a person runs it: one command, stopped and killed in the middle, and each line answered once."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from workfleet.workers.simulator import Settings, Simulator

WITHIN_S = 90
LINES = 120
SLOTS = 4


@pytest.fixture
async def provider() -> AsyncIterator[Simulator]:
    """Fast enough for a test, and slow enough to be interrupted."""
    async with Simulator(Settings(latency_s=0.1, slots=SLOTS)) as simulator:
        yield simulator


@pytest.fixture
def project(tmp_path: Path, provider: Simulator) -> Path:
    sim = {"type": "simulated", "base_url": provider.base_url, "default_model": "sim-chat", "slots": SLOTS}
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"providers": {"sim": sim}}))
    lines = [request(f"r{n}", "/v1/chat/completions", {"messages": hello(n), "max_tokens": 8}) for n in range(LINES)]
    lines[7:7] = ["{oops", "", request("r3", "/v1/completions", {"prompt": "again"})]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    return tmp_path


def hello(number: int) -> list[dict[str, str]]:
    return [{"role": "user", "content": f"say {number}"}]


def request(custom_id: str, url: str, body: dict[str, Any]) -> str:
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": url, "body": body})


async def started(project: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "workfleet.workers.cli", "batch", "run", "-i", "in.jsonl", "-o", "out.jsonl"),
        cwd=project,
        env={**os.environ, "FLEET_STATE": str(project / ".fleet")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


async def ended(run: asyncio.subprocess.Process) -> tuple[int | None, str]:
    try:
        async with asyncio.timeout(WITHIN_S):
            said, _ = await run.communicate()
    except TimeoutError:
        run.kill()
        raise
    return run.returncode, said.decode()


async def lines_written(project: Path, count: int) -> None:
    output = project / "out.jsonl"
    async with asyncio.timeout(WITHIN_S):
        while not output.exists() or output.read_bytes().count(b"\n") < count:
            await asyncio.sleep(0.02)


def output(project: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (project / "out.jsonl").read_text().splitlines()]


def assert_complete(project: Path) -> None:
    lines = output(project)
    answered = Counter(line["custom_id"] for line in lines if not line["error"])
    assert answered == Counter(f"r{n}" for n in range(LINES))
    assert {line["response"]["status_code"] for line in lines if not line["error"]} == {200}
    refused = sorted((line["error"]["line"], line["error"]["code"]) for line in lines if line["error"])
    assert refused == [(8, "invalid_json_line"), (10, "duplicate_custom_id")]


async def test_one_command_answers_every_line_once(project: Path) -> None:
    code, said = await ended(await started(project))
    assert code == 0, said
    assert_complete(project)
    assert not (project / "out.jsonl.run").exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
async def test_an_interrupted_run_goes_on_and_repeats_no_line(
    project: Path, provider: Simulator, how: signal.Signals
) -> None:
    first = await started(project)
    await lines_written(project, 20)
    first.send_signal(how)
    code, said = await ended(first)
    if how is signal.SIGINT:
        assert code == 130, said
        assert "the same command goes on from there" in said
    before = (project / "out.jsonl").read_bytes()
    assert before.count(b"\n") < LINES
    code, said = await ended(await started(project))
    assert code == 0, said
    assert (project / "out.jsonl").read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    assert_complete(project)
