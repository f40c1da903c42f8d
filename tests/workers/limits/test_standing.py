"""How limits stand, as people see it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from workfleet.routing.directory import Budget
from workfleet.routing.limits import Unit
from workfleet.routing.reservation import Ask, Granted, Used
from workfleet.tasks.connection import connect
from workfleet.workers.limits.books import LimitBooks
from workfleet.workers.limits.permitted import permitted
from workfleet.workers.limits.standing import Standing, agents_standings, standings
from workfleet.workers.settings.provider import ProviderSettings


@pytest.fixture
async def books(redis_url: str) -> AsyncIterator[LimitBooks]:
    redis = connect(SecretStr(redis_url))
    yield LimitBooks(redis)
    await redis.aclose()


def provider(models: Sequence[Any] = (), **limits: Any) -> ProviderSettings:
    fields = {"name": "p", "type": "openai", "default_model": "m", "slots": 4}
    return ProviderSettings.model_validate({**fields, "models": models, "limits": limits})


async def call(books: LimitBooks, settings: ProviderSettings, number: int, *, tokens: int = 100) -> None:
    await books.peek([])
    limits = permitted(settings, "m", {}, now=books.now)
    said = await books.reserve(Ask(str(number), "k", tokens, 50, 50, 60.0, 10.0, limits))
    assert isinstance(said, Granted)
    if number >= 0:
        await books.settle(str(number), "k", limits, Used(1, tokens, 0))


async def by_name(books: LimitBooks, settings: ProviderSettings) -> dict[str, Standing]:
    return {each.of: each for each in await standings(books, [settings])}


async def test_nothing_used_is_all_left(books: LimitBooks) -> None:
    assert await standings(books, [provider(requests_per_day=10)]) == [
        Standing("p", "p", "requests a day", Unit.REQUESTS, 10, 0, None, None),
        Standing("p", "p", "calls at the same time", Unit.REQUESTS, 4, 0, None, None),
    ]


async def test_a_days_quota_tells_when_it_is_gone_at_this_rate_and_when_it_is_whole_again(books: LimitBooks) -> None:
    settings = provider(requests_per_day=1000, tokens_per_day=10**9, resets="UTC")
    for number in range(10):
        await call(books, settings, number)
    found = await by_name(books, settings)
    requests, tokens = found["requests a day"], found["tokens a day"]
    assert (requests.used, requests.left, tokens.used) == (10, 990, 1000)
    assert requests.resets_in_s == pytest.approx(86_400 - books.now % 86_400, abs=2)
    # Ten within the first minute or so: 990 more take less than two hours and a half.
    assert requests.runs_out_in_s is None or requests.runs_out_in_s < 9000
    assert tokens.runs_out_in_s is None


async def test_of_a_minute_the_last_sixty_seconds_count(books: LimitBooks) -> None:
    settings = provider(tokens_per_minute=100_000)
    await call(books, settings, 1, tokens=800)
    found = (await by_name(books, settings))["tokens a minute"]
    assert (found.used, found.left) == (800, 99_200)
    assert found.resets_in_s is not None
    assert 50 < found.resets_in_s <= 66


async def test_calls_under_way_hold_their_slots(books: LimitBooks) -> None:
    await call(books, provider(), -1)
    assert (await by_name(books, provider()))["calls at the same time"].used == 1


async def test_a_pause_is_told(books: LimitBooks) -> None:
    await books.pause("p/m", 30.0)
    (slots,) = await standings(books, [provider()])
    assert slots.paused_s == pytest.approx(30.0, abs=1)


async def test_models_with_limits_of_their_own_are_told_apart(books: LimitBooks) -> None:
    models = [{"name": "m"}, {"name": "big", "limits": {"requests_per_day": 3}}]
    settings = provider(models, requests_per_day=9)
    found = await standings(books, [settings])
    assert [(each.scope, each.of, each.limit) for each in found] == [
        ("p/big", "requests a day", 3),
        ("p", "calls at the same time", 4),
        ("p", "requests a day", 9),
    ]


async def test_money_is_told_in_dollars_and_the_providers_budget_once_for_all_its_models(books: LimitBooks) -> None:
    models = [{"name": "m"}, {"name": "big", "limits": {"requests_per_day": 3}}]
    settings = provider(models, usd_per_day=2.0, resets="UTC")
    await books.peek([])
    limits = permitted(settings, "m", {}, now=books.now)
    await books.reserve(Ask("1", "k", 0, 500, 500, 60.0, 10.0, limits, (), 0.0, 1e6))
    found = [each for each in await standings(books, [settings]) if each.unit is Unit.USD]
    assert [(each.scope, each.of, each.limit, each.used, each.left) for each in found] == [
        ("p", "usd a day", 2.0, 0.5, 1.5)
    ]


async def test_agents_budgets_stand_by_themselves(books: LimitBooks) -> None:
    found = await agents_standings(books, {"b": Budget(usd_per_day=1), "a": Budget(usd_per_month=9)})
    assert [(each.agent, each.of, each.limit, each.used) for each in found] == [
        ("a", "usd a month", 9, 0),
        ("b", "usd a day", 1, 0),
    ]
