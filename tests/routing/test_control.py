"""What people change while the fleet runs lies over its configuration."""

import pytest

from workfleet.routing.control import SETTINGS, AgentControl, Control, ProviderControl, controlled
from workfleet.routing.directory import Budget, ChainLink, Directory, ProviderFacts, Route


def facts(name: str, priority: int, **fields: object) -> ProviderFacts:
    return ProviderFacts.model_validate({"name": name, "type": "vllm", "priority": priority, **fields})


DIRECTORY = Directory(
    providers={name: facts(name, at * 10) for at, name in enumerate(["one", "two", "three"], start=1)},
    routes={
        "default": Route(
            name="default",
            chain=tuple(ChainLink(provider=name, priority=at) for at, name in enumerate(["one", "two", "three"], 1)),
        )
    },
)


def order(**priorities: int) -> list[str]:
    control = Control(providers={name: ProviderControl(priority=value) for name, value in priorities.items()})
    chain = controlled(DIRECTORY, control).routes["default"].chain
    return [link.provider for link in sorted(chain, key=lambda link: link.priority)]


def test_nothing_changed_leaves_the_directory_as_it_is() -> None:
    assert controlled(DIRECTORY, Control()) == DIRECTORY


def test_a_disabled_provider_is_out_and_says_how_it_comes_back() -> None:
    found = controlled(DIRECTORY, Control(providers={"one": ProviderControl(switch="disabled")})).providers["one"]
    assert (found.enabled, found.unusable) == (False, "it is disabled by hand (fleet providers enable takes it back)")


def test_a_draining_provider_stays_in_the_directory_for_what_waits() -> None:
    assert controlled(DIRECTORY, Control(providers={"one": ProviderControl(switch="draining")})) == DIRECTORY


def test_what_the_configuration_disables_is_not_enabled_by_hand() -> None:
    disabled = Directory(providers={"one": facts("one", 1, enabled=False, unusable="outside the mode")})
    assert controlled(disabled, Control(providers={"one": ProviderControl(switch="disabled")})) == disabled


@pytest.mark.parametrize(
    ("priorities", "chain"),
    [
        ({"three": 5}, ["three", "one", "two"]),
        ({"three": 15}, ["one", "three", "two"]),
        ({"one": 25}, ["two", "one", "three"]),
        ({"one": 99}, ["two", "three", "one"]),
        ({"one": 99, "three": 1}, ["three", "two", "one"]),
        ({"two": 20}, ["one", "two", "three"]),
    ],
    ids=["first", "between", "later", "last", "both ends", "where it was"],
)
def test_a_changed_priority_moves_a_provider_in_the_default_route(priorities: dict[str, int], chain: list[str]) -> None:
    assert order(**priorities) == chain


def test_a_route_that_was_changed_replaces_the_configured_one_or_is_new() -> None:
    other = Route(name="default", chain=(ChainLink(provider="two"),))
    new = Route(name="new", chain=(ChainLink(provider="three"),))
    found = controlled(DIRECTORY, Control(routes={"default": other, "new": new}))
    assert found.routes == {"default": other, "new": new}


def test_a_route_that_is_made_for_an_agent_or_a_lane_is_theirs_before_any_that_is_configured() -> None:
    configured = DIRECTORY.model_copy(update={"agents": {"reviewer": "default"}, "lanes": {"general": "default"}})
    own = {
        name: Route(name=name, chain=(ChainLink(provider="two"),))
        for name in ("agent:reviewer", "agent:*", "lane:general", "lane:code-review.complex")
    }
    found = controlled(configured, Control(routes=own))
    assert found.agents == {"reviewer": "agent:reviewer", "*": "agent:*"}
    assert found.lanes == {"general": "lane:general", "code-review.complex": "lane:code-review.complex"}


def test_a_provider_that_the_fleet_no_longer_has_changes_nothing() -> None:
    assert controlled(DIRECTORY, Control(providers={"gone": ProviderControl(priority=1)})) == DIRECTORY


@pytest.mark.parametrize(
    ("control", "budget"),
    [
        pytest.param(
            AgentControl(usd_per_day=2), Budget(usd_per_day=2, usd_per_month=9, resets="rolling"), id="one of two"
        ),
        pytest.param(AgentControl(), Budget(usd_per_day=1, usd_per_month=9, resets="rolling"), id="nothing"),
    ],
)
def test_a_changed_budget_lies_over_the_configured_one(control: AgentControl, budget: Budget) -> None:
    configured = Directory(budgets={"a": Budget(usd_per_day=1, usd_per_month=9, resets="rolling")})
    assert controlled(configured, Control(agents={"a": control})).budgets == {"a": budget}


def test_an_agent_gets_a_budget_by_hand_over_that_of_all_others() -> None:
    configured = Directory(budgets={"*": Budget(usd_per_month=9)})
    found = controlled(configured, Control(agents={"a": AgentControl(usd_per_day=1)}))
    assert found.budget_of("a") == Budget(usd_per_day=1, usd_per_month=9)
    assert found.budget_of("b") == Budget(usd_per_month=9)


def test_a_provider_with_a_budget_by_hand_is_no_more_asked_for_what_has_no_price() -> None:
    found = controlled(DIRECTORY, Control(providers={"one": ProviderControl(usd_per_month=5)})).providers
    assert [name for name, facts in found.items() if facts.budgeted] == ["one"]


def test_every_setting_is_a_field() -> None:
    assert set(SETTINGS) <= set(ProviderControl.model_fields)


def test_limits_are_told_by_their_names() -> None:
    assert ProviderControl(slots=3, requests_per_minute=20).limits() == {"requests_per_minute": 20}
