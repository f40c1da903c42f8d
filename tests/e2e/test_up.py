"""`fleet up` as a person runs it: one command, one Ctrl-C, and nothing that was queued is lost in between."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import FleetUnavailable
from workfleet.tasks.fleet_events import FleetEvents
from workfleet.tasks.job import JobSpec, JobState
from workfleet.workers.embedded.process import runs
from workfleet.workers.embedded.running import running_url
from workfleet.workers.simulator import Settings, Simulator
from workfleet.workers.supervision.child import tethered

WITHIN_S = 60


@dataclass
class Project:
    """A folder in which fleets are run."""

    folder: Path
    fleets: list[asyncio.subprocess.Process] = field(default_factory=list[asyncio.subprocess.Process])

    @property
    def state(self) -> Path:
        return self.folder / ".fleet"

    @property
    def redis_pid(self) -> int:
        """0 in the moment in which a new server writes it."""
        return int((self.state / "redis" / "redis.pid").read_text() or 0)

    async def up(self, *options: str) -> asyncio.subprocess.Process:
        with (self.folder / "up.log").open("ab") as log:
            fleet = await asyncio.create_subprocess_exec(
                *tethered(sys.executable, "-P", "-m", "workfleet.workers.cli", "up", "--no-flower", *options),
                cwd=self.folder,
                env={**os.environ, "FLEET_STATE": str(self.state)},
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        self.fleets.append(fleet)
        return fleet

    async def client(self) -> AsyncClient:
        url = running_url(self.state)
        assert url is not None
        return AsyncClient(url)


@pytest.fixture
async def slow_provider() -> AsyncIterator[Simulator]:
    async with Simulator(Settings(latency_s=0.3, slots=4)) as simulator:
        yield simulator


@pytest.fixture
async def project(tmp_path: Path, slow_provider: Simulator) -> AsyncIterator[Project]:
    """A project with one configured provider, which runs already."""
    sim = {"type": "simulated", "base_url": slow_provider.base_url, "default_model": "sim-chat"}
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"providers": {"sim": sim}}))
    project = Project(tmp_path)
    yield project
    for process in processes_of(project):
        process.kill()
    for fleet in project.fleets:
        await fleet.communicate()


def processes_of(project: Project) -> list[psutil.Process]:
    """Every process that runs in the project's folder, this one's children or not."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(project.folder) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


async def line_with(process: asyncio.subprocess.Process, word: str) -> str:
    """The first line of its table that has this word."""
    assert process.stdout is not None
    async with asyncio.timeout(WITHIN_S):
        while raw := await process.stdout.readline():
            if word in (line := raw.decode()):
                return line
    raise AssertionError(f"it ended without {word!r}")


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not condition():
            await asyncio.sleep(0.05)


async def ended(process: asyncio.subprocess.Process) -> int:
    async with asyncio.timeout(WITHIN_S):
        await process.communicate()
    assert process.returncode is not None
    return process.returncode


async def submit(project: Project, count: int) -> list[str]:
    async with await project.client() as client:
        specs = (JobSpec.from_prompt(f"say {number}") for number in range(count))
        return [job_id async for ids in client.submit_many(specs) for job_id in ids]


async def states(project: Project, ids: list[str]) -> list[JobState]:
    async with await project.client() as client:
        async with asyncio.timeout(WITHIN_S):
            return [(await client.wait(job_id)).state for job_id in ids]


async def told(project: Project, name: str) -> Mapping[str, Any]:
    """The fields of an event that the fleet itself, and none of its workers, tells who watches."""
    async with await project.client() as client:
        async with asyncio.timeout(WITHIN_S):
            while True:
                for event in await FleetEvents(client.redis).last(100):
                    if (event.name, event.node) == (name, f"fleet@{socket.gethostname()}"):
                        return event.fields
                await asyncio.sleep(0.05)


async def test_one_command_runs_jobs_and_one_ctrl_c_ends_every_process(project: Project) -> None:
    fleet = await project.up()
    assert f"sim@{socket.gethostname()}" in await line_with(fleet, "pool")
    ids = await submit(project, 3)
    assert await states(project, ids) == [JobState.SUCCEEDED] * 3
    fleet.send_signal(signal.SIGINT)
    assert await ended(fleet) == 0
    assert processes_of(project) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_what_was_queued_when_the_fleet_ended_is_done_by_the_next_one(
    project: Project, how: signal.Signals
) -> None:
    fleet = await project.up("--grace", "0")
    await line_with(fleet, "pool")
    ids = await submit(project, 40)
    fleet.send_signal(how)
    await ended(fleet)
    if how is signal.SIGTERM:
        assert not runs(project.state / "redis")
    again = await project.up()
    await line_with(again, "pool")
    assert await states(project, ids) == [JobState.SUCCEEDED] * 40
    again.send_signal(signal.SIGINT)
    assert await ended(again) == 0
    assert processes_of(project) == []


async def test_redis_that_dies_comes_back_with_its_jobs(project: Project) -> None:
    fleet = await project.up()
    await line_with(fleet, "pool")
    ids = await submit(project, 40)
    killed = project.redis_pid
    psutil.Process(killed).kill()
    await until(lambda: project.redis_pid not in (0, killed))
    async with asyncio.timeout(WITHIN_S):
        while True:
            try:
                assert await states(project, ids) == [JobState.SUCCEEDED] * 40
                break
            except FleetUnavailable:
                await asyncio.sleep(0.1)
    assert (await told(project, "redis.revived"))["folder"] == str(project.state / "redis")
    fleet.send_signal(signal.SIGINT)
    assert await ended(fleet) == 0


async def test_a_second_fleet_in_the_same_folder_is_refused_and_the_first_goes_on(project: Project) -> None:
    fleet = await project.up()
    await line_with(fleet, "pool")
    second = await project.up()
    assert await ended(second) == 4
    assert await states(project, await submit(project, 1)) == [JobState.SUCCEEDED]
    fleet.send_signal(signal.SIGINT)
    assert await ended(fleet) == 0


async def test_a_worker_that_dies_is_started_again_and_its_jobs_are_done(project: Project) -> None:
    fleet = await project.up()
    await line_with(fleet, "pool")
    ids = await submit(project, 20)
    (worker,) = [process for process in processes_of(project) if "worker" in process.cmdline()]
    worker.kill()
    assert await states(project, ids) == [JobState.SUCCEEDED] * 20
    died = await told(project, "child.exited")
    assert (died["name"], died["reason"]) == (f"sim@{socket.gethostname()}", "killed by SIGKILL")
    fleet.send_signal(signal.SIGINT)
    assert await ended(fleet) == 0
