"""What a configuration says that agents may spend."""

import json
from typing import Any

import pytest

from workfleet.routing.directory import Budget
from workfleet.workers.settings.dump import as_mapping
from workfleet.workers.settings.load import load_settings
from workfleet.workers.settings.problems import SettingsError
from workfleet.workers.settings.schema import Settings

HEAD = """
providers:
  groq: {api_key: k, default_model: x}
  ollama: {default_model: q}
routes:
  bulk: [ollama, groq]
agents:
"""


@pytest.fixture
def load(tmp_path: Any) -> Any:
    def loaded(agents: str) -> Settings:
        file = tmp_path / "fleet.yaml"
        file.write_text(f"{HEAD}  {agents}\n")
        return load_settings(file)

    return loaded


@pytest.mark.parametrize(
    ("text", "budget", "route"),
    [
        pytest.param("a: {budget: {usd_per_day: 5}}", Budget(usd_per_day=5), None, id="alone"),
        pytest.param(
            "a: {route: bulk, budget: {usdPerMonth: 50}}", Budget(usd_per_month=50), "bulk", id="with a route"
        ),
        pytest.param(
            "a: {chain: [groq], budget: {daily_budget: 1, monthlyBudget: 9}}",
            Budget(usd_per_day=1, usd_per_month=9),
            "agent:a",
            id="with a chain of its own",
        ),
        pytest.param(
            "a: {budget: {usd_per_day: 5, timeZone: Asia/Tokyo}}",
            Budget(usd_per_day=5, resets="Asia/Tokyo"),
            None,
            id="in its time zone",
        ),
        pytest.param("a: {route: bulk}", None, "bulk", id="no budget"),
        pytest.param("a: bulk", None, "bulk", id="a route alone"),
    ],
)
def test_a_budget_stands_beside_what_an_agent_uses(
    load: Any, text: str, budget: Budget | None, route: str | None
) -> None:
    settings = load(text)
    assert (settings.budgets.get("a"), settings.agents.get("a")) == (budget, route)
    assert settings.directory().budget_of("a") == budget


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: {budget: 3}", "must be a mapping, as in `budget: {usd_per_day: 5}`"),
        ("a: {budget: {}}", "needs usd_per_day, usd_per_month or both"),
        ("a: {budget: {usd_per_day: 0}}", "must be more than 0, not 0"),
        (
            "a: {budget: {usd_per_day: 1, resets: Mars}}",
            "must be a time zone such as America/Los_Angeles or UTC, or `rolling`",
        ),
        ("a: {route: bulk, chain: [groq], budget: {usd_per_day: 1}}", "names a whole route; leave out `chain:`"),
    ],
)
def test_what_is_no_budget_is_refused_with_what_would_be_one(load: Any, text: str, message: str) -> None:
    with pytest.raises(SettingsError) as failed:
        load(text)
    assert [problem.message for problem in failed.value.problems] == [message]


def test_the_budget_of_all_others_is_that_of_each_agent_without_one(load: Any) -> None:
    directory = load("a: {budget: {usd_per_day: 5}}\n  '*': {budget: {usd_per_day: 1}}").directory()
    assert [directory.budget_of(agent) for agent in ("a", "b", "default")] == [
        Budget(usd_per_day=5),
        Budget(usd_per_day=1),
        Budget(usd_per_day=1),
    ]


@pytest.mark.parametrize(
    "said",
    [
        {"budget": {"usd_per_day": 5.0}},
        {"route": "bulk", "budget": {"usd_per_day": 5.0, "resets": "rolling"}},
        {"chain": ["groq"], "budget": {"usd_per_month": 5.0}},
        {"chain": ["groq"], "strategy": "round_robin", "budget": {"usd_per_month": 5.0}},
    ],
    ids=["alone", "with a route", "with a chain", "with a route of its own"],
)
def test_a_dumped_configuration_says_the_same(load: Any, said: dict[str, Any]) -> None:
    assert as_mapping(load(f"a: {json.dumps(said)}"))["agents"] == {"a": said}
