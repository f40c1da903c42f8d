"""Budgets as quotas of money: whose they are, when they begin anew, what a token costs of them."""

import pytest

from workfleet.routing.directory import Budget, ModelFacts, ProviderFacts
from workfleet.routing.limits import Quota, Unit
from workfleet.tasks.request_size import Size
from workfleet.workers.limits.budgets import budget_name, budget_quotas, is_agents, nano_rates, spends
from workfleet.workers.settings.provider import Limits

NOW = 1_780_000_000.0  # 28 May 2026, 20:26 UTC
CHAT, EMBEDDING = Size(100, 500, 500), Size(100, 0, 0)


def provider(**fields: object) -> ProviderFacts:
    return ProviderFacts.model_validate({"name": "p", "type": "openai", **fields})


def test_a_day_and_a_month_are_those_of_utc_unless_somebody_says_otherwise() -> None:
    day, month = budget_quotas(Budget(usd_per_day=1.5, usd_per_month=20), "agent:a", now=NOW)
    assert (day.key, day.unit, day.amount) == ("usd/day@agent:a", Unit.USD, 1_500_000_000)
    assert (month.key, month.amount) == ("usd/month@agent:a", 20_000_000_000)
    assert day.edges[0] % 86_400 == 0
    assert month.edges[1] - month.edges[0] == 31 * 86_400


def test_a_day_of_another_zone_begins_at_its_midnight_and_a_rolling_one_never() -> None:
    (berlin,) = budget_quotas(Limits(usd_per_day=1, resets="Europe/Berlin"), "p", now=NOW)
    (rolling,) = budget_quotas(Limits(usd_per_day=1, resets="rolling"), "p", now=NOW)
    assert berlin.edges[0] % 86_400 == 22 * 3600
    assert rolling.edges == ()


@pytest.mark.parametrize(
    ("key", "name", "agents"),
    [
        ("usd/day@agent:qe reviewer", "the budget of a day of agent qe reviewer", True),
        ("usd/month@openai", "the budget of a month of openai", False),
        ("usd/day@openai/gpt-5", "the budget of a day of openai/gpt-5", False),
        ("tokens/day@agent:x", None, False),
        ("slots@p", None, False),
    ],
)
def test_people_are_told_whose_budget_it_is(key: str, name: str | None, agents: bool) -> None:
    assert (budget_name(key), is_agents(key)) == (name, agents)


@pytest.mark.parametrize(
    ("facts", "size", "rates"),
    [
        pytest.param(
            provider(input_usd_per_mtok=2, output_usd_per_mtok=8),
            CHAT,
            (2500.0, 8000.0),
            id="with a quarter more input",
        ),
        pytest.param(provider(), CHAT, None, id="unknown"),
        pytest.param(provider(input_usd_per_mtok=2), CHAT, None, id="of the answer unknown"),
        pytest.param(provider(input_usd_per_mtok=2), EMBEDDING, (2500.0, 0.0), id="no answer, no price of it"),
        pytest.param(provider(tier="free"), CHAT, (0.0, 0.0), id="a free plan"),
        pytest.param(provider(models=(ModelFacts(name="m", free=True),)), CHAT, (0.0, 0.0), id="a free model"),
        pytest.param(None, CHAT, None, id="a provider that nobody knows"),
    ],
)
def test_a_token_costs_what_the_directory_says(
    facts: ProviderFacts | None, size: Size, rates: tuple[float, float] | None
) -> None:
    assert nano_rates(facts, "m", size) == rates


def test_a_budget_is_found_among_other_limits() -> None:
    quotas = (Quota("requests/day@p", Unit.REQUESTS, 5, 86_400), Quota("usd/day@p", Unit.USD, 5, 86_400))
    assert spends(quotas) == "usd/day@p"
    assert spends(quotas[:1]) is None
