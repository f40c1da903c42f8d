"""Which limits a call has to keep, and whom they are for."""

from typing import Any

import pytest

from workfleet.routing.limits import Pace, Period, Quota, Slots, Unit
from workfleet.workers.limits.permitted import permitted, scope_of, told_scope
from workfleet.workers.settings.provider import ProviderSettings

NOW = 1_780_000_000.0
RPM, TPM = (Unit.REQUESTS, Period.MINUTE), (Unit.TOKENS, Period.MINUTE)


def provider(**fields: Any) -> ProviderSettings:
    kind = {"name": "p", "type": "openai", "base_urls": ("http://p",), "default_model": "m", "slots": 4}
    return ProviderSettings.model_validate({**kind, **fields})


def keys(settings: ProviderSettings, model: str = "m") -> list[str]:
    return [limit.key for limit in permitted(settings, model, {}, now=NOW)]


def test_a_hosted_provider_without_limits_has_the_slots_of_the_fleet() -> None:
    assert permitted(provider(), "m", {}, now=NOW) == (Slots("slots@p", 4),)


def test_a_server_of_our_own_has_none() -> None:
    assert keys(provider(tier="local")) == []
    assert keys(provider(tier="local", limits={"concurrency": 3})) == ["slots@p"]


def test_minutes_are_paced_and_days_and_months_are_counted() -> None:
    limits = {"requests_per_minute": 30, "tokens_per_day": 500, "requests_per_month": 9, "resets": "UTC"}
    rpm, tpd, month, _ = permitted(provider(limits=limits), "m", {}, now=NOW)
    assert rpm == Pace("requests/minute@p", Unit.REQUESTS, 30, 60.0)
    assert isinstance(tpd, Quota)
    assert isinstance(month, Quota)
    assert (tpd.key, tpd.edges[1] - tpd.edges[0]) == ("tokens/day@p", 86_400)
    assert (month.key, month.edges[1] - month.edges[0]) == ("requests/month@p", 31 * 86_400)


@pytest.mark.parametrize(
    ("type_", "resets", "rolling"),
    [("groq", None, True), ("groq", "UTC", False), ("openrouter", None, False), ("openrouter", "rolling", True)],
)
def test_a_type_says_how_its_days_are_counted_unless_the_configuration_does(
    type_: str, resets: str | None, rolling: bool
) -> None:
    day, _ = permitted(provider(type=type_, limits={"requests_per_day": 5, "resets": resets}), "m", {}, now=NOW)
    assert isinstance(day, Quota)
    assert (day.edges == ()) is rolling


@pytest.mark.parametrize(
    ("fields", "scope"),
    [
        pytest.param({}, "p", id="all calls of the provider"),
        pytest.param({"limits": {"per": "model"}}, "p/m", id="each model"),
        pytest.param({"models": [{"name": "m", "limits": {"requests_per_day": 1}}]}, "p/m", id="a model of its own"),
        pytest.param({"models": [{"name": "m"}]}, "p", id="a model without limits"),
        pytest.param({"limits": {"per": "key"}}, "p", id="without a key"),
    ],
)
def test_limits_are_for_those_whom_the_configuration_names(fields: dict[str, Any], scope: str) -> None:
    assert scope_of(provider(**fields), "m") == scope


def test_providers_with_the_same_key_can_share_their_limits_and_the_key_is_not_told() -> None:
    one = provider(name="one", api_key="sk-1", limits={"per": "key"})
    other = provider(name="other", api_key="sk-1", limits={"per": "key"})
    third = provider(name="third", api_key="sk-2", limits={"per": "key"})
    assert scope_of(one, "m") == scope_of(other, "x") != scope_of(third, "m")
    assert "sk-1" not in scope_of(one, "m")


@pytest.mark.parametrize(
    ("type_", "per", "scope"),
    [
        pytest.param("openai", "provider", "p/m", id="who counts each model, tells of each"),
        pytest.param("openai", "model", "p/m", id="as they are counted here too"),
        pytest.param("openrouter", "provider", "p", id="who counts all together, tells of all"),
        pytest.param("openrouter", "model", "p/m", id="unless the configuration knows better"),
    ],
)
def test_what_a_provider_tells_is_of_whom_it_counts(type_: str, per: str, scope: str) -> None:
    assert told_scope(provider(type=type_, limits={"per": per}), "m") == scope


def test_a_limit_that_is_told_of_a_model_stands_beside_that_of_the_provider() -> None:
    settings = provider(limits={"requests_per_minute": 30})
    assert permitted(settings, "m", {RPM: 20.0, TPM: 900.0}, now=NOW)[:-1] == (
        Pace("requests/minute@p", Unit.REQUESTS, 30, 60.0),
        Pace("requests/minute@p/m", Unit.REQUESTS, 20.0, 60.0),
        Pace("tokens/minute@p/m", Unit.TOKENS, 900.0, 60.0),
    )
    assert permitted(settings, "m", {RPM: 60.0}, now=NOW) == permitted(settings, "m", {}, now=NOW)


def test_what_the_provider_told_only_lowers() -> None:
    settings = provider(type="openrouter", limits={"requests_per_minute": 30})
    found = {limit.key: limit for limit in permitted(settings, "m", {RPM: 60.0, TPM: 900.0}, now=NOW)}
    assert found["requests/minute@p"] == Pace("requests/minute@p", Unit.REQUESTS, 30, 60.0)
    assert found["tokens/minute@p"] == Pace("tokens/minute@p", Unit.TOKENS, 900.0, 60.0)
    lower = permitted(settings, "m", {RPM: 10.0}, now=NOW)
    assert lower[0] == Pace("requests/minute@p", Unit.REQUESTS, 10.0, 60.0)
