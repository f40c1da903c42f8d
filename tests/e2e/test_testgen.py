"""`fleet testgen` as a newcomer runs it: one command, and test files that parse and pass."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from workfleet.workers.judging.python_source import collected_tests, parse
from workfleet.workers.simulator import Settings, Simulator

WITHIN_S = 90

SUMS = '''
"""Sums."""


def add(a: int, b: int = 2) -> int:
    """The sum."""
    return a + b


class Total:
    """A running total."""

    def __init__(self) -> None:
        self.value = 0

    def more(self, amount: int) -> None:
        self.value += amount


def _hidden() -> int:
    return 1
'''


@pytest.fixture
async def provider() -> AsyncIterator[Simulator]:
    async with Simulator(Settings()) as simulator:
        yield simulator


@pytest.fixture
def project(tmp_path: Path, provider: Simulator) -> Path:
    sim = {"type": "simulated", "base_url": provider.base_url, "default_model": "sim-chat"}
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"providers": {"sim": sim}}))
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "sums.py").write_text(SUMS)
    (tmp_path / "shop" / "broken.py").write_text("def f(:\n")
    return tmp_path


async def run(project: Path, *command: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", *command),
        cwd=project,
        env={**os.environ, "FLEET_STATE": str(project / ".fleet"), "PYTHONPATH": str(project)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            said, complained = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    return process.returncode, said.decode(), complained.decode()


async def generated(project: Path, *arguments: str) -> tuple[int | None, str, str]:
    return await run(project, "workfleet.workers.cli", "testgen", *arguments)


async def test_each_public_function_gets_a_test_file_that_parses_and_passes(project: Path) -> None:
    code, said, complained = await generated(project, "shop", "-o", "made")
    assert code == 0, complained
    made = sorted((project / "made").glob("*.py"))
    assert [path.name for path in made] == ["test_shop_sums__Total_more.py", "test_shop_sums__add.py"]
    assert all(collected_tests(parse(path.read_text())) for path in made)
    assert "2 in made" in said
    assert "shop/broken.py: not Python: line 1: invalid syntax" in complained
    code, said, complained = await run(project, "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", "made")
    assert code == 0, said + complained


async def test_results_tell_what_became_of_each_function(project: Path) -> None:
    code, said, _ = await generated(project, "shop", "-o", "made", "--json")
    lines: list[dict[str, Any]] = [
        json.loads(line) for line in (project / "made" / "results.jsonl").read_text().splitlines()
    ]
    assert {line["subject"]: (line["state"], line["file"], line["provider"]) for line in lines} == {
        "shop.sums.add": ("succeeded", "test_shop_sums__add.py", "sim"),
        "shop.sums.Total.more": ("succeeded", "test_shop_sums__Total_more.py", "sim"),
    }
    summary = json.loads(said)
    assert (code, summary["functions"], summary["files"], summary["by_provider"]) == (0, 2, 2, {"sim": 2})
    assert sorted(summary["results"], key=lambda each: each["subject"]) == sorted(
        lines, key=lambda each: each["subject"]
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere", "error: nowhere does not exist"),
        ("fleet.yaml", "error: fleet.yaml is not a Python file"),
        ("shop/__init__.py", "error: shop/__init__.py has no public function with a body"),
    ],
    ids=["no such path", "another kind of file", "nothing to test"],
)
async def test_a_path_without_functions_is_one_clear_line(project: Path, path: str, message: str) -> None:
    code, said, complained = await generated(project, path)
    assert (code, said, complained.strip().splitlines()[-1]) == (2, "", message)
