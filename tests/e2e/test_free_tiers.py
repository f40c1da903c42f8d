"""Work of several kinds on free plans alone, as `fleet init --free-tier` configures them, against strict limits."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from workfleet.workers.settings.starter import FREE_TIERS
from workfleet.workers.simulator import Settings, Simulator

from .fleet import Fleet, fleet_of

PLANS = ("openrouter", "groq")
KEYS = ("OPENROUTER_API_KEY", "GROQ_API_KEY", "OPENAI_API_KEY")
#: Calls that OpenRouter's free plan still has today; it comes first.
LEFT = 2

PACKAGE = """
def add(a: int, b: int = 2) -> int:
    return a + b


def most(values: list[int]) -> int:
    return max(values)
"""


async def configured(fleet: Fleet) -> None:
    """As a newcomer's first configuration has it, with the plans at the simulators, and a paid provider beside them."""
    ran = await fleet.run("init", "--providers", ",".join(PLANS), "--free-tier", "--auto-fallback", "--force")
    assert ran.code == 0, ran
    file = fleet.folder / "fleet.yaml"
    config: dict[str, Any] = yaml.safe_load(file.read_text())
    for name in PLANS:
        config["providers"][name]["base_url"] = f"{fleet.providers[name].base_url}/{name}"
        fleet.providers[name].configure(**_strict(name))
    config["providers"]["openrouter"]["limits"]["requests_per_day"] = LEFT
    fleet.providers["openrouter"].configure(rpd=LEFT)
    config["providers"]["openai"] = {
        "base_url": f"{fleet.providers['paid'].base_url}/openai",
        "default_model": "gpt-4.1",
    }
    file.write_text(yaml.safe_dump(config))


def _strict(name: str) -> dict[str, Any]:
    """The simulated plan refuses what the vendor would."""
    plan = FREE_TIERS[name]
    told = {"rpm": plan.requests_per_minute, "rpd": plan.requests_per_day, "tpm": plan.tokens_per_minute}
    return {"window": "sliding", **{limit: amount for limit, amount in told.items() if amount is not None}}


async def test_tests_reviews_and_analyses_are_done_on_free_plans_alone_without_one_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in KEYS:
        monkeypatch.setenv(key, "k")
    package = tmp_path / "shop"
    package.mkdir()
    (package / "sums.py").write_text(PACKAGE)
    simulators: dict[str, dict[str, Any]] = {name: {} for name in (*PLANS, "paid")}
    async with fleet_of(tmp_path, simulators, simulated=Settings(latency_s=0.05)) as fleet:
        await configured(fleet)
        await asyncio.gather(*(fleet.worker(name) for name in PLANS))
        wrote = asyncio.create_task(fleet.run("testgen", "shop", "-o", "tests-for-it", within_s=90))
        kinds = ("code-review", "coverage-analysis", "bug-detection", "documentation")
        ids = [job_id for kind in kinds for job_id in await fleet.submit(1, task_type=kind)]
        outcomes = await fleet.outcomes(ids, within_s=90)
        assert [outcome.error for outcome in outcomes] == [None] * len(ids)
        assert (await wrote).code == 0, await wrote
        assert refusals(fleet.providers) == dict.fromkeys(simulators, 0)
        assert fleet.providers["paid"].stats.complete == 0
        assert fleet.providers["openrouter"].stats.complete <= LEFT
        usage = await fleet.run("usage", "--by", "source", "--json")
        assert '"unknown"' not in usage.out


def refusals(providers: dict[str, Simulator]) -> dict[str, int]:
    return {name: each.stats.refused for name, each in providers.items()}
