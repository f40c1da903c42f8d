"""Every command that the README tells a newcomer to type does what it says, in the order of the page.

So do those of the pages of docs/, with the fleet that runs by then. That the others exist is tested in tests/docs.
"""

import asyncio
import os
import re
import shlex
import shutil
import socket
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from workfleet.workers.supervision.child import tethered

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = PAGES[0].read_text()
_FLEET = f"{shlex.quote(sys.executable)} -P -m workfleet.workers.cli"


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The lines of the `sh` blocks of all pages: those that run as they stand."""
    told = (block for page in PAGES for block in blocks(page.read_text(), "sh"))
    return [line for block in told for line in block.splitlines() if line]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def shell(line: str, folder: Path, env: dict[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_shell(
        re.sub(r"^fleet\b", lambda _: _FLEET, line),
        cwd=folder,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(90):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


@asynccontextmanager
async def up(folder: Path, env: dict[str, str]) -> AsyncGenerator[None]:
    command = f"{_FLEET} up --flower-port {free_port()}"
    with (folder / "up.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *tethered(*shlex.split(command)), cwd=folder, env=env, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            async with asyncio.timeout(60):
                await process.wait()
    assert process.returncode == 0, (folder / "up.log").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "path" / "to").mkdir(parents=True)
    shutil.copytree(
        ROOT / "routing", tmp_path / "path" / "to" / "package", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


# Each of its commands has a bound of its own; together they take minutes on a busy machine.
@pytest.mark.timeout(600)
async def test_the_readmes_commands_work_in_their_order(folder: Path) -> None:
    env = {**os.environ, "FLEET_STATE": str(folder / ".fleet"), "COLUMNS": "160"}
    before, at_work = commands()[: commands().index("fleet up")], commands()[commands().index("fleet up") + 1 :]
    for line in before:
        assert (await shell(line, folder, env))[0] == 0, line
    async with up(folder, env):
        async with asyncio.timeout(60):
            while "takes jobs" not in (await shell("fleet providers status", folder, env))[1]:
                pass
        for line in at_work:
            code, said = await shell(line, folder, env)
            assert code == 0, f"{line}\n{said}\n{(folder / 'up.log').read_text()}"
    assert len(list((folder / "tests-for-it").glob("test_*.py"))) > 10
    assert (folder / "answers.jsonl").read_text().count("\n") == 1


@pytest.mark.parametrize("code", blocks(README, "python"), ids=["our client", "without a fleet", "any Celery program"])
def test_the_python_on_the_page_is_python(code: str) -> None:
    compile(f"async def page():\n    {code.replace(chr(10), chr(10) + '    ')}", "README.md", "exec")


def test_what_the_page_imports_is_there() -> None:
    exec("from workfleet.tasks import AsyncClient, Client, FakeClient, JobSpec")
