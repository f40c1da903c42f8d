"""The order in which strategies put targets."""

from collections.abc import Mapping
from typing import Any

import pytest

from workfleet.routing.directory import ChainLink, ProviderFacts, Route, Strategy
from workfleet.routing.gate import PoolState
from workfleet.routing.lanes import Band
from workfleet.routing.observed import Observed
from workfleet.routing.strategy import ordered
from workfleet.routing.suitability import Work


def provider(name: str, *, tier: str = "hosted", **model: Any) -> ProviderFacts:
    facts = {"name": name, "type": "openai", "tier": tier, "models": [{"name": "m", **model}]}
    return ProviderFacts.model_validate(facts)


def priced(name: str, usd: float, **model: Any) -> ProviderFacts:
    return provider(name, input_usd_per_mtok=usd, output_usd_per_mtok=usd, **model)


def order(strategy: Strategy, *providers: ProviderFacts, seen: Mapping[str, Observed] | None = None) -> list[str]:
    """Names, first to last."""
    chain = tuple(ChainLink(provider=each.name, model="m", priority=at) for at, each in enumerate(providers))
    pools = {name: PoolState(slots=1, busy=0, observed={"m": each}) for name, each in (seen or {}).items()}
    route = Route(name="r", chain=chain, strategy=strategy)
    links = ordered(route, {each.name: each for each in providers}, WORK, pools).chain
    return [link.provider for link in sorted(links, key=lambda link: link.priority)]


def cost(usd: float, *, rejected: float = 0.0, calls: int = 50) -> Observed:
    return Observed(calls=calls, cost_usd=usd, rejected=rejected)


def taking(total_s: float, *, calls: int = 50) -> Observed:
    return Observed(calls=calls, total_s=total_s)


WORK = Work("general", Band.SIMPLE)
A, B, C = provider("a"), provider("b"), provider("c")


def test_among_equal_priorities_the_least_cost_comes_first() -> None:
    dear, cheap, unknown = priced("dear", 9.0), priced("cheap", 1.0), provider("unknown")
    links = tuple(ChainLink(provider=each.name, model="m", priority=1) for each in (dear, unknown, cheap))
    route = Route(name="r", chain=links)
    found = ordered(route, {each.name: each for each in (dear, unknown, cheap)}, WORK, {})
    assert {link.provider: link.priority for link in found.chain} == {"cheap": 1, "dear": 2, "unknown": 3}


def test_a_link_without_a_model_is_weighed_by_the_providers_own_choice() -> None:
    dear, cheap = priced("dear", 9.0), priced("cheap", 1.0)
    route = Route(name="r", chain=tuple(ChainLink(provider=each.name) for each in (dear, cheap)))
    found = ordered(route, {each.name: each for each in (dear, cheap)}, WORK, {})
    assert {link.provider: (link.model, link.priority) for link in found.chain} == {
        "cheap": (None, 1),
        "dear": (None, 2),
    }


def test_equals_that_cost_the_same_stay_peers() -> None:
    hosts = [provider(name, tier="local") for name in ("a", "b")]
    route = Route(name="r", chain=tuple(ChainLink(provider=each.name, model="m", priority=1) for each in hosts))
    found = ordered(route, {each.name: each for each in hosts}, WORK, {})
    assert {link.priority for link in found.chain} == {1}


@pytest.mark.parametrize("strategy", ["priority", "round_robin", "least_loaded"])
def test_other_strategies_leave_the_configured_order(strategy: Strategy) -> None:
    assert order(strategy, priced("a", 9.0), priced("b", 1.0)) == ["a", "b"]


@pytest.mark.parametrize(
    ("providers", "seen", "expected"),
    [
        ([priced("a", 9.0), priced("b", 1.0)], {}, ["b", "a"]),
        ([priced("a", 9.0), provider("b"), provider("c", tier="local")], {}, ["c", "a", "b"]),
        ([priced("a", 1.0), priced("b", 9.0)], {"a": cost(0.02), "b": cost(0.01)}, ["b", "a"]),
        ([priced("a", 1.0), priced("b", 9.0)], {"b": cost(0.0001, calls=2)}, ["a", "b"]),
        ([A, B], {"a": cost(0.01, rejected=0.8), "b": cost(0.02)}, ["b", "a"]),
        ([priced("a", 1.0), priced("b", 3.0)], {"a": Observed(calls=50, rejected=0.8)}, ["b", "a"]),
        ([priced("a", 9.0), priced("b", 1.0)], {"b": cost(0.5)}, ["a", "b"]),
        ([provider("a", input_usd_per_mtok=0.01), priced("b", 9.0)], {}, ["b", "a"]),
        ([priced("a", 1.0, quality=0.1), priced("b", 9.0)], {}, ["b", "a"]),
        ([A, B], {"a": cost(0.0100), "b": cost(0.0090)}, ["a", "b"]),
    ],
    ids=[
        "by price until more is known",
        "free before priced before unknown",
        "by what answers really cost",
        "once there are enough of them",
        "rejected answers make it dearer",
        "also where only its price is known",
        "a price is compared with what others really cost",
        "half a price is none",
        "what is too weak comes last",
        "alike costs leave the priority",
    ],
)
def test_cost_based(providers: list[ProviderFacts], seen: dict[str, Observed], expected: list[str]) -> None:
    assert order("cost_based", *providers, seen=seen) == expected


@pytest.mark.parametrize(("mode", "expected"), [("any", ["hosted", "local"]), ("local_first", ["local", "hosted"])])
def test_in_mode_local_first_our_own_servers_come_before_faster_ones(mode: str, expected: list[str]) -> None:
    providers = {name: provider(name, tier=name) for name in ("hosted", "local")}
    chain = [{"provider": name, "model": "m", "priority": at} for at, name in enumerate(providers)]
    route = Route.model_validate({"name": "r", "chain": chain, "strategy": "latency_based", "mode": mode})
    seen = {"hosted": 0.5, "local": 9.0}
    pools = {name: PoolState(slots=1, busy=0, observed={"m": taking(total_s)}) for name, total_s in seen.items()}
    links = ordered(route, providers, WORK, pools).chain
    assert [link.provider for link in sorted(links, key=lambda link: link.priority)] == expected


def test_of_a_providers_models_that_cost_the_same_the_smallest_that_will_do_comes_first() -> None:
    models = [
        {"name": "unscored", "parameters_b": 1},
        {"name": "unsized", "quality": 0.5},
        {"name": "large", "parameters_b": 70, "quality": 0.5},
        {"name": "small", "parameters_b": 7, "quality": 0.5},
        {"name": "strong", "parameters_b": 30, "quality": 0.5, "strengths": [WORK.task_type]},
    ]
    own = ProviderFacts.model_validate({"name": "own", "type": "ollama", "tier": "local", "models": models})
    chain = tuple(ChainLink(provider="own", model=model.name, priority=1) for model in own.models)
    links = ordered(Route(name="r", chain=chain, strategy="cost_based"), {"own": own}, WORK, {}).chain
    ranked = {link.model: link.priority for link in links}
    assert ranked == {"strong": 1, "small": 2, "large": 3, "unsized": 4, "unscored": 5}


def test_latency_based_puts_the_fastest_first_and_the_unknown_before_it() -> None:
    seen = {"a": taking(4.0), "b": taking(1.0), "c": taking(0.1, calls=1)}
    assert order("latency_based", A, B, C, seen=seen) == ["c", "b", "a"]


def test_latencies_that_are_alike_leave_the_priority() -> None:
    assert order("latency_based", A, B, seen={"a": taking(1.05), "b": taking(1.0)}) == ["a", "b"]


def test_quality_puts_the_best_score_first_less_what_was_turned_down() -> None:
    good, better = provider("good", quality=0.7), provider("better", quality=0.8)
    assert order("quality", A, good, better) == ["better", "good", "a"]
    assert order("quality", good, better, seen={"better": Observed(calls=50, rejected=0.5)}) == ["good", "better"]


@pytest.mark.parametrize(
    ("other", "first"),
    [({"usd": 1.5, "quality": 0.8}, "other"), ({"usd": 3.0, "quality": 0.8}, "plain")],
    ids=["less than twice the price", "more than twice the price"],
)
def test_to_balanced_a_tenth_of_quality_is_worth_twice_the_price(other: dict[str, float], first: str) -> None:
    assert order("balanced", priced("plain", 1.0, quality=0.7), priced("other", **other))[0] == first


def test_balanced_takes_what_is_unknown_for_the_dearest_the_fastest_and_the_worst() -> None:
    cheap, dear = priced("cheap", 1.0, quality=0.5), priced("dear", 4.0, quality=0.5)
    nobody_knows = provider("unknown")
    seen = {"cheap": taking(1.0), "dear": taking(1.0)}
    assert order("balanced", nobody_knows, dear, cheap, seen=seen) == ["cheap", "dear", "unknown"]
    assert order("balanced", nobody_knows, A, B) == ["unknown", "a", "b"]


def test_balanced_weighs_all_three() -> None:
    best = priced("best", 9.0, quality=0.9)
    sound = priced("sound", 1.0, quality=0.8)
    weak = priced("weak", 0.9, quality=0.2)
    seen = {"best": taking(9.0), "sound": taking(2.0), "weak": taking(3.0)}
    assert order("balanced", best, sound, weak, seen=seen)[0] == "sound"
