"""A fleet whose Redis speaks TLS only."""

import json
import os
import sys
from asyncio import create_subprocess_exec
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import FleetUnavailable
from workfleet.tasks.job import JobSpec
from workfleet.workers.simulator import Settings, Simulator

from ..fleet import WITHIN_S
from .engine import why_not
from .tls_redis import TlsRedis, tls_redis

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=f"containers: {why_not()}"), pytest.mark.timeout(300)]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[TlsRedis]:
    # pytest's folders are their owner's alone, and the container's user is somebody else.
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    async with tls_redis(tmp_path) as server:
        yield server


async def test_a_worker_and_a_client_meet_over_tls(server: TlsRedis, tmp_path: Path) -> None:
    async with Simulator(Settings()) as provider, AsyncClient(server.trusted, wait_for_redis_s=WITHIN_S) as client:
        one = {"type": "simulated", "base_url": provider.base_url, "default_model": "sim-chat"}
        (tmp_path / "fleet.yaml").write_text(json.dumps({"providers": {"one": one}}))
        worker = await create_subprocess_exec(
            *(sys.executable, "-P", "-m", "workfleet.workers.cli", "worker", "--provider", "one"),
            cwd=tmp_path,
            env={**os.environ, "FLEET_REDIS_URL": server.trusted},
        )
        try:
            job_id = await client.submit(JobSpec.from_prompt("hello"))
            assert (await client.result(job_id, timeout_s=WITHIN_S)).provider == "one"
        finally:
            worker.terminate()
            code = await worker.wait()
        assert code == 0


async def test_a_server_of_an_unknown_authority_is_refused(server: TlsRedis) -> None:
    async with AsyncClient(server.trusted, wait_for_redis_s=WITHIN_S):
        pass  # it is up, and well for who trusts it
    with pytest.raises(FleetUnavailable, match="certificate verify failed"):
        async with AsyncClient(server.untrusted):
            pass
