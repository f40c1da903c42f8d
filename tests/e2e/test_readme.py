"""Every command that the README tells a newcomer to type does what it says, in the order of the page."""

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

from workfleet.routing.breaker import BreakerPolicy
from workfleet.routing.directory import Budget
from workfleet.workers.settings.load import load_settings
from workfleet.workers.settings.provider import Limits

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
_FLEET = f"{shlex.quote(sys.executable)} -P -m workfleet.workers.cli"


def blocks(language: str) -> list[str]:
    """The fenced blocks of a language; "" is those that name none."""
    found: list[list[str]] = []
    fence: str | None = None
    for line in README.splitlines():
        if line.startswith("```"):
            fence = line.removeprefix("```") if fence is None else None
            if fence == language:
                found.append([])
        elif fence == language:
            found[-1].append(line)
    return ["\n".join(lines) for lines in found]


def commands() -> list[str]:
    """The lines of the `sh` blocks: those that run as they stand."""
    return [line for block in blocks("sh") for line in block.splitlines() if line]


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
            *shlex.split(command), cwd=folder, env=env, stdout=log, stderr=log
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


@pytest.mark.parametrize(
    "line", [line for line in blocks("") for line in line.splitlines() if line.startswith(("fleet ", "FLEET_"))]
)
async def test_the_commands_that_need_more_than_this_machine_are_real_ones(line: str, tmp_path: Path) -> None:
    words = line.partition("#")[0].split()
    verbs = [word for word in words[words.index("fleet") + 1 :] if not word.startswith("-")]
    depth = 2 if verbs[0] in ("bench", "models", "providers", "route") else 1
    code, said = await shell(" ".join(["fleet", *verbs[:depth], "--help"]), tmp_path, {**os.environ, "COLUMNS": "400"})
    assert code == 0, said
    for option in (word for word in words if word.startswith("--")):
        assert option in said


@pytest.mark.parametrize("code", blocks("python"), ids=["our client", "without a fleet", "any Celery program"])
def test_the_python_on_the_page_is_python(code: str) -> None:
    compile(f"async def page():\n    {code.replace(chr(10), chr(10) + '    ')}", "README.md", "exec")


def test_what_the_page_imports_is_there() -> None:
    exec("from workfleet.tasks import AsyncClient, Client, FakeClient, JobSpec")


@pytest.mark.parametrize(
    "text", blocks("yaml"), ids=["another provider", "a local model", "limits", "budgets", "breakers"]
)
def test_the_configurations_on_the_page_are_some(text: str, tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(text)
    keys = ("GROQ_API_KEY", "FIREWORKS_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_API_KEY")
    settings = load_settings(file, env=dict.fromkeys(keys, "a-key"))
    if settings.budgets:
        directory = settings.directory()
        assert directory.budget_of("reviewer") == Budget(usd_per_day=1.5, usd_per_month=20, resets="Europe/Berlin")
        assert directory.budget_of("anybody") == Budget(usd_per_day=0.5)
        assert settings.providers["openai"].limits == Limits(usd_per_day=5, usd_per_month=50)
    elif "breaker:" in text:
        assert settings.providers["groq"].breaker_policy == BreakerPolicy(cool_off_s=10, successes=2)
    elif "groq" in settings.providers:
        limits = settings.providers["groq"].limits
        assert (limits.requests_per_minute, limits.per, limits.resets) == (30, "model", "rolling")
