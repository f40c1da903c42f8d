"""A fleet that a program starts for itself, beside one that may run already."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import FleetUnavailable
from workfleet.tasks.job import JobSpec
from workfleet.workers.embedded.process import runs
from workfleet.workers.fleet.running import FleetOptions, log_files, running_fleet
from workfleet.workers.settings.load import load_settings
from workfleet.workers.settings.schema import Settings
from workfleet.workers.simulator import Simulator


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings with one provider, which runs."""
    async with Simulator() as simulator:
        sim = {"type": "simulated", "base_url": simulator.base_url, "default_model": "sim-chat"}
        file = tmp_path / "fleet.yaml"
        file.write_text(yaml.safe_dump({"providers": {"sim": sim}}))
        yield load_settings(file, env={})


def options(state: Path) -> FleetOptions:
    return FleetOptions(state, log_files(state), grace_s=1.0)


async def test_it_runs_jobs_and_leaves_only_its_logs_and_its_data(settings: Settings, tmp_path: Path) -> None:
    state = tmp_path / ".fleet"
    async with running_fleet(settings, options(state)) as fleet, AsyncClient(fleet.redis_url) as client:
        assert (await client.run(JobSpec.from_prompt("hi"), timeout_s=30)).provider == "sim"
        (pool,) = fleet.members
    assert not runs(state / "redis")
    assert (state / "logs" / f"{pool.name}.log").stat().st_size > 0


async def test_a_pool_that_lives_already_is_shared_and_goes_on_afterwards(settings: Settings, tmp_path: Path) -> None:
    state = tmp_path / ".fleet"
    async with running_fleet(settings, options(state)) as first, AsyncClient(first.redis_url) as client:
        async with running_fleet(settings, options(state)) as second:
            assert second.members == []
            assert second.shared == {"sim"}
            assert second.redis_url == first.redis_url
        assert (await client.run(JobSpec.from_prompt("hi"), timeout_s=30)).provider == "sim"


async def test_a_configured_redis_is_used_and_none_is_started(
    settings: Settings, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    configured = load_settings(settings.source)
    async with running_fleet(configured, options(tmp_path / ".fleet")) as fleet:
        assert fleet.redis is None
        assert fleet.redis_url.get_secret_value() == redis_url
    assert not (tmp_path / ".fleet" / "redis").exists()


async def test_a_pool_that_cannot_start_is_named_with_its_last_words(settings: Settings, tmp_path: Path) -> None:
    ghost = settings.providers["sim"].model_copy(update={"name": "ghost"})
    haunted = settings.model_copy(update={"providers": {"ghost": ghost}})
    with pytest.raises(FleetUnavailable, match=r"ghost@.* does not come up, exit code 2: .*unknown provider 'ghost'"):
        async with running_fleet(haunted, options(tmp_path / ".fleet")):
            pass
    assert not runs(tmp_path / ".fleet" / "redis")
