"""What the models of a host may take together."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from workfleet.workers.local.guard import Guard, Taken, TooLarge

SMALL, LARGE = Taken("small", 1_000_000_000), Taken("large", 3_500_000_000)


def test_models_share_a_budget_and_give_back(tmp_path: Path) -> None:
    guard = Guard(tmp_path)
    small = guard.take(SMALL, budget_gb=4)
    said = r"large needs about 3.5 GB of the 4 GB .*, of which other pools have taken 1.0 GB: small \(1.0 GB\): .*end"
    with pytest.raises(TooLarge, match=said):
        guard.take(LARGE, budget_gb=4)
    assert list(Guard(tmp_path).taken()) == [SMALL]
    guard.give_back(small)
    guard.give_back(guard.take(LARGE, budget_gb=4))
    assert list(guard.taken()) == []


def test_without_a_budget_what_is_free_counts(tmp_path: Path) -> None:
    guard = Guard(tmp_path, available_bytes=2_000_000_000)
    with pytest.raises(TooLarge, match=r"large needs about 3.5 GB, and 2.0 GB of memory are free"):
        guard.take(LARGE, budget_gb=None)
    small = guard.take(SMALL, budget_gb=None)
    with pytest.raises(TooLarge, match=r"are free beside small \(1.0 GB\) of other pools: .*end the pool of one of"):
        guard.take(LARGE, budget_gb=None)
    guard.give_back(small)


_HOLDER = """
import os, sys
from pathlib import Path
from workfleet.workers.local.guard import Guard, Taken
Guard(Path(sys.argv[1])).take(Taken("other", 3_500_000_000), budget_gb=4)
print("taken", flush=True)
sys.stdin.read()
"""


def test_what_another_process_took_counts_until_it_dies(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
    guard = Guard(tmp_path)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"taken\n"
        with pytest.raises(TooLarge, match="other"):
            guard.take(SMALL, budget_gb=4)
        other.kill()
    guard.give_back(guard.take(SMALL, budget_gb=4))


async def test_one_loads_at_a_time(tmp_path: Path) -> None:
    first, second = Guard(tmp_path), Guard(tmp_path)
    order: list[str] = []

    async def load(guard: Guard, name: str, done: asyncio.Event) -> None:
        async with guard.loading():
            order.append(f"{name} begins")
            await done.wait()
            order.append(f"{name} ends")

    one, two = asyncio.Event(), asyncio.Event()
    loads = [asyncio.create_task(load(first, "one", one)), asyncio.create_task(load(second, "two", two))]
    two.set()
    while not order:
        await asyncio.sleep(0)
    one.set()
    await asyncio.gather(*loads)
    assert order in (
        ["one begins", "one ends", "two begins", "two ends"],
        ["two begins", "two ends", "one begins", "one ends"],
    )
