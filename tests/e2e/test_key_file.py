"""A provider's key in a file, which is replaced while the pool runs."""

from pathlib import Path

from pydantic import SecretStr

from workfleet.tasks.job import JobState
from workfleet.workers.simulator import Settings

from .fleet import fleet_of, until

KEY = "the-key-that-the-provider-takes"


async def test_a_pool_goes_on_with_a_new_key_without_a_restart(tmp_path: Path) -> None:
    simulated = Settings(api_key=SecretStr(KEY), latency_s=0.02, answer_tokens=8)
    (tmp_path / "key").write_text("one-that-it-refuses\n")
    async with fleet_of(tmp_path, {"one": {"api_key_file": "key"}}, simulated=simulated) as fleet:
        worker = await fleet.worker("one")
        (refused,) = await fleet.submit(1)
        await until(lambda: worker.said("provider.changed"))
        (tmp_path / "key").write_text(f"{KEY}\n")
        await until(lambda: worker.said("credentials.renewed"))
        (outcome,) = await fleet.outcomes(await fleet.submit(1))
        assert outcome.state is JobState.SUCCEEDED
        assert [line["provider"] for line in worker.said("credentials.renewed")] == ["one"]
        assert KEY not in worker.log.read_text()
        assert (await fleet.client.job(refused)).attempts == 1
        assert await worker.stop() == 0
