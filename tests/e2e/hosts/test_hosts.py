"""The stack of compose/ on a real engine: its demo, and hosts that join, leave, die, freeze and lose their network."""

from pathlib import Path

import pytest

from .demo import run_demo
from .engine import left_behind, why_not
from .played import run_hosts
from .stack import stack_of

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=f"containers: {why_not()}"), pytest.mark.timeout(900)]

JOBS = 600


# One test, for one stack: the tests of a module may run in several processes.
async def test_a_stack_serves_its_demo_and_loses_nothing_while_its_hosts_come_and_go(tmp_path: Path) -> None:
    # pytest's folders are their owner's alone, and the containers' user is somebody else.
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    async with stack_of(tmp_path) as stack:
        demo = await run_demo(stack)
        assert demo.code == 0
        assert set(demo.by_provider) == {"simulated-a", "simulated-b"}
        assert sum(demo.by_provider.values()) == 200
        assert demo.flower == {"without a password": 401, "with a wrong one": 401, "with the password": 200}
        assert demo.user == "10001"
        result = await run_hosts(stack, JOBS, lambda _: None)
    found = result.account
    assert (found.lost, found.committed_twice, found.bought_twice) == ((), 0, ())
    assert (found.wrong_answers, found.overlaps, found.findings) == ((), (), ())
    assert found.submitted == JOBS
    assert found.adds_up
    assert result.recovery.jobs > 0
    assert result.joined_s < result.joined_within_s
    assert set(found.in_vain) <= {"killed", "stopped", "out of reach", "ended otherwise"}
    assert await left_behind([stack.name, stack.guest]) == []
