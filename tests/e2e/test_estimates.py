"""A whole worker learns how many tokens its model makes of prompts."""

import json
from pathlib import Path
from typing import Any

import pytest

from workfleet.routing.tokens import estimate_tokens
from workfleet.tasks.job import JobSpec

from .fleet import Fleet, fleet_of, until

LIMITED: dict[str, Any] = {"limits": {"tokens_per_day": 10_000_000, "resets": "UTC"}}
#: The simulator makes a token of four characters, whatever they are; we take the gaps for nothing.
PROMPT = "deserved    " * 300
TIMES = len(PROMPT) / 4 / estimate_tokens(PROMPT)


async def answered(fleet: Fleet, count: int) -> None:
    specs = [JobSpec.from_prompt(PROMPT, max_tokens=8) for _ in range(count)]
    ids = [job_id async for some in fleet.client.submit_many(specs) for job_id in some]
    assert [outcome.error for outcome in await fleet.outcomes(ids) if outcome.error] == []


async def shown(fleet: Fleet) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await fleet.run("usage", "estimates", "--json")).out)
    return found


async def test_after_some_jobs_estimates_are_within_a_tenth_of_what_is_counted(tmp_path: Path) -> None:
    assert pytest.approx(1.6, rel=0.05) == TIMES
    async with fleet_of(tmp_path, {"sim": LIMITED}) as fleet:
        await fleet.worker("sim")
        await answered(fleet, 10)
        await answered(fleet, 30)
        before: dict[str, Any] = {}

        async def told() -> bool:
            before.update(await shown(fleet))
            return bool(before["total"]["calls"] == 40)

        await until(told)
        (target,) = before["targets"]
        assert target["target"] == "sim/sim-chat"
        assert target["before"]["p50"] == pytest.approx(1 - 1 / TIMES, abs=0.02)
        assert target["after"]["p50"] < 0.1
        assert target["prompts"][0]["factor"] == pytest.approx(TIMES, rel=0.1)
