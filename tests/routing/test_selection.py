"""Which models of a route's providers a lane's jobs may go to, and in which order."""

from typing import Any

import pytest

from workfleet.routing.directory import ChainLink, Mode, ProviderFacts, Route, Strategy
from workfleet.routing.lanes import Band
from workfleet.routing.selection import selected
from workfleet.routing.suitability import Work


def model(name: str, **facts: Any) -> dict[str, Any]:
    return {"name": name, "quality": 0.6, "input_usd_per_mtok": 1.0, "output_usd_per_mtok": 1.0, **facts}


def provider(name: str, *models: dict[str, Any], **facts: Any) -> ProviderFacts:
    return ProviderFacts.model_validate({"name": name, "type": "openai", "models": models, **facts})


MINI = model("mini", quality=0.5, input_usd_per_mtok=0.1, output_usd_per_mtok=0.1)
MIDDLE = model("middle", quality=0.7)
LARGE = model("large", quality=0.9, input_usd_per_mtok=9.0, output_usd_per_mtok=9.0)
OWN = model("own", quality=0.6, parameters_b=30)
OWN_SMALL = model("own-small", quality=0.6, parameters_b=8)
OWN_UNKNOWN = model("own-unknown", quality=None, parameters_b=1)
OWN_CODER = model("own-coder", quality=0.6, parameters_b=70, strengths=["refactoring"])
PAID = provider("paid", MINI, MIDDLE, LARGE, default_model="middle")
LOCAL = provider("local", OWN_UNKNOWN, OWN, OWN_SMALL, OWN_CODER, tier="local")


def order(
    *providers: ProviderFacts,
    strategy: Strategy = "cost_based",
    band: Band = Band.SIMPLE,
    task_type: str = "general",
    mode: Mode = "any",
    links: tuple[ChainLink, ...] = (),
) -> list[str]:
    """Targets, first to last."""
    chain = links or tuple(ChainLink(provider=each.name, priority=at) for at, each in enumerate(providers))
    route = Route(name="r", chain=chain, strategy=strategy, mode=mode)
    found = selected(route, {each.name: each for each in providers}, Work(task_type, band))
    return [str(link) for link in sorted(found.chain, key=lambda link: link.priority)]


@pytest.mark.parametrize(
    ("band", "expected"),
    [
        (Band.SIMPLE, ["paid/mini", "paid/middle", "paid/large"]),
        (Band.MODERATE, ["paid/middle", "paid/large", "paid/mini"]),
        (Band.VERY_COMPLEX, ["paid/large", "paid/middle", "paid/mini"]),
    ],
    ids=["simple: the cheapest", "moderate: the cheapest that will do", "very complex: the only one that will do"],
)
def test_the_cheapest_model_that_is_good_enough_comes_first_then_the_best_of_the_rest(
    band: Band, expected: list[str]
) -> None:
    assert order(PAID, band=band) == expected


def test_quality_takes_the_best_model_whatever_the_work() -> None:
    assert order(PAID, strategy="quality")[0] == "paid/large"


def test_balanced_takes_neither_the_best_nor_the_cheapest_of_those_that_will_do() -> None:
    assert order(PAID, strategy="balanced", band=Band.MODERATE)[0] == "paid/middle"


@pytest.mark.parametrize("strategy", ["priority", "round_robin", "least_loaded", "latency_based"])
def test_other_strategies_leave_the_choice_to_the_provider(strategy: Strategy) -> None:
    assert order(PAID, strategy=strategy) == ["paid"]


@pytest.mark.parametrize(
    ("task_type", "expected"),
    [
        ("refactoring", ["local/own-coder", "local/own-small", "local/own", "local/own-unknown"]),
        ("general", ["local/own-small", "local/own", "local/own-coder", "local/own-unknown"]),
    ],
    ids=["the one that is strong at it", "else the smallest of those with a score"],
)
def test_of_models_that_cost_the_same(task_type: str, expected: list[str]) -> None:
    assert order(LOCAL, task_type=task_type) == expected


def test_of_models_that_nobody_has_scored_the_providers_own_choice_comes_first() -> None:
    names = [model("auto", quality=None, parameters_b=2.6), model("fast", quality=None, parameters_b=0.35)]
    assert order(provider("p", *names, tier="local"), band=Band.COMPLEX) == ["p/auto", "p/fast"]


def test_the_configured_order_of_providers_stands_where_costs_are_alike() -> None:
    free = provider("free", OWN_SMALL, tier="free")
    assert order(provider("mine", OWN, tier="local"), free) == ["mine/own", "free/own-small"]


def test_a_model_that_is_strong_at_the_work_may_be_smaller_than_the_work_calls_for() -> None:
    coder = provider("coder", model("c", quality=0.45, strengths=["refactoring"], input_usd_per_mtok=0.1))
    assert order(PAID, coder, task_type="refactoring", band=Band.MODERATE)[0] == "coder/c"


def test_balanced_wants_a_quick_model_for_quick_work() -> None:
    quick = provider("quick", model("q", input_usd_per_mtok=5.0, output_usd_per_mtok=5.0, tokens_per_s=400))
    assert order(LOCAL, quick, strategy="balanced", task_type="memory-search")[0] == "quick/q"
    assert order(LOCAL, quick, strategy="balanced")[0] == "local/own-small"


def test_local_first_puts_our_own_servers_before_better_ones() -> None:
    assert order(PAID, LOCAL, strategy="quality", mode="local_first")[0].startswith("local/")


def test_what_a_provider_says_of_a_task_type_leaves_nothing_to_choose() -> None:
    fixed = PAID.model_copy(update={"model_overrides": {"refactoring": "large"}})
    assert order(fixed, task_type="refactoring") == ["paid/large"]


def test_a_link_that_names_a_model_stands_and_its_model_is_not_chosen_again() -> None:
    links = (ChainLink(provider="paid", model="large", priority=1), ChainLink(provider="paid", priority=2))
    assert order(PAID, links=links) == ["paid/mini", "paid/middle", "paid/large"]
    assert order(PAID, links=links[:1]) == ["paid/large"]


@pytest.mark.parametrize(
    "unfit", [{"retired": True}, {"capabilities": ["embedding", "vision"]}], ids=["gone", "only embeds"]
)
def test_a_model_that_no_such_job_should_get_is_not_chosen(unfit: dict[str, Any]) -> None:
    assert order(provider("p", {**MINI, **unfit}, MIDDLE)) == ["p/middle"]


def test_the_providers_choice_stays_where_there_is_no_other() -> None:
    assert order(provider("p", {**MINI, "retired": True}), ProviderFacts(name="bare", type="vllm")) == [
        "p/mini",
        "bare",
    ]
