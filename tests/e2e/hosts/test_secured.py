"""The stack with what compose/secure-redis.sh gives it: a Redis that speaks TLS only, and users of few rights."""

from pathlib import Path

import pytest
from redis.exceptions import NoPermissionError

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import FleetUnavailable

from ..fleet import until
from .demo import run_demo
from .engine import why_not
from .stack import Stack, stack_of

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=f"containers: {why_not()}"), pytest.mark.timeout(600)]

_WITHIN_S = 120.0


# One test, for one stack: the tests of a module may run in several processes.
async def test_a_secured_stack_serves_its_demo_and_keeps_others_out(tmp_path: Path) -> None:
    # pytest's folders are their owner's alone, and the containers' user is somebody else.
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    async with stack_of(tmp_path, secure=True) as stack:
        demo = await run_demo(stack)
        assert (demo.code, sum(demo.by_provider.values())) == (0, 200)
        assert demo.flower == {"without a password": 401, "with a wrong one": 401, "with the password": 200}
        await _a_host_joins(stack)
        await _pools_see_the_keys_of_the_fleet_only(stack)
        trusting = stack.redis_url
        await _is_refused(trusting.partition("?")[0], "certificate verify failed")
        await _is_refused(trusting.replace("rediss:", "redis:").partition("?")[0], "does not answer")
        await _is_refused(trusting.replace("worker:", "worker:not"), "refuses the password")
        await _is_refused(trusting.replace("worker:", ":"), "refuses the password")


async def _a_host_joins(stack: Stack) -> None:
    await stack.host("up", "--detach", "--no-build")
    async with stack.client() as client:

        async def joined() -> bool:
            return any(node.node.startswith("vllm@") for node in (await client.snapshot()).living)

        await until(joined, within_s=_WITHIN_S)


async def _pools_see_the_keys_of_the_fleet_only(stack: Stack) -> None:
    async with stack.client() as client:
        with pytest.raises(NoPermissionError):
            await client.redis.get("sessions:4711")
        with pytest.raises(NoPermissionError):
            await client.redis.flushdb()


async def _is_refused(url: str, words: str) -> None:
    with pytest.raises(FleetUnavailable, match=words):
        async with AsyncClient(url):
            pass
