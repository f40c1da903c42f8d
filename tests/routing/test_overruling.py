"""What a configuration takes the place of."""

import pytest

from workfleet.routing.directory import Budget, ChainLink, Directory, ProviderFacts, RetryPolicy, Route
from workfleet.routing.overruling import foreign, overruled


def route(name: str, *providers: str) -> Route:
    return Route(name=name, chain=tuple(ChainLink(provider=each) for each in providers))


def configured(*providers: str, **parts: object) -> Directory:
    facts = {name: ProviderFacts(name=name, type="vllm") for name in providers}
    return Directory.model_validate({"providers": facts, "routes": {"default": route("default", *providers)}, **parts})


@pytest.mark.parametrize(
    ("ours", "fleet", "expected"),
    [
        (configured("a"), configured("b", "c"), True),
        (configured("a", "b"), configured("b", "c"), False),
        (configured("a"), configured("a"), False),
        (configured("a"), Directory(providers=configured("b").providers), False),
        (configured("a"), Directory(), False),
    ],
    ids=["no provider in common", "one in common", "the same", "pools without a configuration", "nothing yet"],
)
def test_another_fleets_configuration_has_no_provider_that_its_routes_reach(
    ours: Directory, fleet: Directory, expected: bool
) -> None:
    assert foreign(ours, fleet) is expected


ROUTES = {"default": route("default", "a"), "bulk": route("bulk", "a")}


@pytest.mark.parametrize(
    ("ours", "fleet", "expected"),
    [
        ({}, {}, []),
        ({"routes": ROUTES}, {}, []),
        ({}, {"routes": ROUTES}, ["route bulk"]),
        ({"routes": {"default": route("default", "a", "b")}}, {}, ["route default"]),
        ({}, {"lanes": {"code-review": "default"}}, ["lane code-review"]),
        ({"agents": {"me": "bulk"}}, {"agents": {"me": "default"}}, ["agent me"]),
        ({}, {"users": {"ann": "default"}}, ["user ann"]),
        ({}, {"budgets": {"*": Budget(usd_per_day=1)}}, ["budget of agent *"]),
        ({"retry": RetryPolicy(max_attempts=9)}, {}, ["retry"]),
    ],
    ids=["the same", "more", "less", "another chain", "a lane", "an agent", "a user", "a budget", "retries"],
)
def test_what_the_fleet_has_and_ours_has_not_is_overruled(
    ours: dict[str, object], fleet: dict[str, object], expected: list[str]
) -> None:
    assert overruled(configured("a", **ours), configured("a", **fleet)) == expected
