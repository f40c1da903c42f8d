"""A backup of the stack's Redis, taken while it runs and put back, by the lines that its scripts tell."""

import re
from pathlib import Path

import pytest

from workfleet.tasks.job import JobSpec, JobState

from .engine import COMPOSE, why_not
from .stack import stack_of

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=f"containers: {why_not()}"), pytest.mark.timeout(600)]

_WITHIN_S = 120.0


def lines_of(script: str) -> str:
    """The commands in a script's header."""
    return "\n".join(re.findall(r"^#   (docker compose .*)$", (COMPOSE / script).read_text(), re.MULTILINE))


@pytest.mark.parametrize("secure", [False, True], ids=["with a password", "with TLS and users"])
async def test_jobs_of_a_backup_are_served_after_it_was_put_back(*, secure: bool, tmp_path: Path) -> None:
    # pytest's folders are their owner's alone, and the containers' user is somebody else.
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    async with stack_of(tmp_path, secure=secure) as stack:
        await stack.compose("up", "--detach", "redis")
        async with stack.client() as client:
            ids = [await client.submit(JobSpec.from_prompt(f"say {number}")) for number in range(20)]
        await stack.shell(lines_of("redis-backup.sh"))
        await stack.compose("down", "--volumes")
        await stack.shell(lines_of("redis-restore.sh"))
        async with stack.client() as client:
            outcomes = [await client.wait(job_id, timeout_s=_WITHIN_S) for job_id in ids]
    assert [outcome.state for outcome in outcomes] == [JobState.SUCCEEDED] * 20
