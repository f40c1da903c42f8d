"""Whether a pool takes jobs of a lane, from what all pools say of themselves."""

from dataclasses import replace

import pytest

from workfleet.routing.directory import ChainLink, Route, Strategy
from workfleet.routing.gate import PoolState, Turn, decide, empties_its_queue

FREE = PoolState(slots=8, busy=3)
USED_UP = PoolState(slots=8, busy=0, out={"groq-model": "its limits have no room"})
OUT = PoolState(slots=0, busy=0, unavailable="its breaker is open")
LEAVING = replace(OUT, resting=True, leaving=3)


def full(seconds: float) -> PoolState:
    return PoolState(slots=8, busy=8, full_for_s=seconds)


def route(*names: str, strategy: Strategy = "priority", spill_after_s: float | None = 5.0) -> Route:
    links = tuple(ChainLink(provider=name, model=f"{name}-model", priority=at) for at, name in enumerate(names))
    return Route(name="default", chain=links, strategy=strategy, spill_after_s=spill_after_s)


IN_ORDER = route("groq", "vllm", "ollama")


@pytest.mark.parametrize(
    ("provider", "pools", "turn"),
    [
        ("groq", {}, Turn(False, "this pool has not reported yet")),
        ("groq", {"groq": OUT}, Turn(False, "its breaker is open")),
        ("other", {"other": FREE}, Turn(False, "other is not in the chain of route default")),
        ("groq", {"groq": FREE, "vllm": FREE}, Turn(True, "no earlier target is available with free slots")),
        ("vllm", {"vllm": FREE}, Turn(True, "no earlier target is available with free slots")),
        ("vllm", {"groq": OUT, "vllm": FREE}, Turn(True, "no earlier target is available with free slots")),
        (
            "vllm",
            {"groq": FREE, "vllm": FREE},
            Turn(False, "groq comes first and has not been full for 5 s"),
        ),
        (
            "vllm",
            {"groq": full(4.9), "vllm": FREE},
            Turn(False, "groq comes first and has not been full for 5 s"),
        ),
        ("vllm", {"groq": full(5.0), "vllm": FREE}, Turn(True, "no earlier target is available with free slots")),
        ("vllm", {"groq": USED_UP, "vllm": FREE}, Turn(True, "no earlier target is available with free slots")),
        ("vllm", {"groq": LEAVING, "vllm": FREE}, Turn(False, "the jobs that groq had begun come first")),
        (
            "vllm",
            {"groq": replace(FREE, leaving=3), "vllm": FREE},
            Turn(False, "groq comes first and has not been full for 5 s"),
        ),
        (
            "ollama",
            {"groq": full(60), "vllm": FREE, "ollama": FREE},
            Turn(False, "vllm comes first and has not been full for 5 s"),
        ),
        (
            "ollama",
            {"groq": OUT, "vllm": full(60), "ollama": FREE},
            Turn(True, "no earlier target is available with free slots"),
        ),
    ],
    ids=[
        "not before it has said anything",
        "not while it is unavailable",
        "not if the chain lacks it",
        "the first takes jobs",
        "the second takes jobs when no worker of the first lives",
        "the second takes jobs when the first is unavailable",
        "the second does not while the first has free slots",
        "nor when the first has been full for too short",
        "the second takes jobs when the first has been full for long",
        "the second takes jobs when the limits of the first have no room for its model",
        "but not before those that a target that has just gone out had begun",
        "which matter only if it is the lane's model that is out",
        "the third waits for the second too",
        "the third takes jobs when the others are out or full",
    ],
)
def test_priority(provider: str, pools: dict[str, PoolState], turn: Turn) -> None:
    assert decide(IN_ORDER, provider, pools) == turn


def test_a_route_that_never_spills_leaves_full_targets_their_jobs() -> None:
    pools = {"groq": full(1e6), "vllm": FREE}
    assert decide(route("groq", "vllm", spill_after_s=None), "vllm", pools) == Turn(
        False, "groq comes first and is available"
    )


def test_peers_do_not_wait_for_each_other() -> None:
    peers = Route(name="peers", chain=(ChainLink(provider="one"), ChainLink(provider="two")))
    assert decide(peers, "two", {"one": FREE, "two": FREE}).open


def test_a_provider_that_is_in_the_chain_twice_has_its_better_place_however_the_chain_is_written() -> None:
    links = (
        ChainLink(provider="groq", model="small", priority=3),
        ChainLink(provider="vllm", priority=2),
        ChainLink(provider="groq", model="large", priority=1),
    )
    twice = Route(name="twice", chain=links)
    assert decide(twice, "groq", {"groq": FREE, "vllm": FREE}).open
    assert not decide(twice, "vllm", {"groq": FREE, "vllm": FREE}).open


@pytest.mark.parametrize("strategy", ["round_robin", "least_loaded"])
def test_pulling_strategies_let_every_available_pool_pull(strategy: Strategy) -> None:
    turns = [
        decide(route("groq", "vllm", strategy=strategy), name, {"groq": FREE, "vllm": OUT}).open
        for name in ("groq", "vllm")
    ]
    assert turns == [True, False]


@pytest.mark.parametrize(
    ("pools", "hopeless", "empties"),
    [
        ({}, False, True),
        ({"groq": FREE}, False, True),
        ({"groq": full(60)}, False, True),
        ({"groq": OUT, "vllm": FREE}, False, True),
        ({"groq": OUT, "vllm": OUT}, False, False),
        ({"groq": OUT}, False, False),
        ({"groq": OUT}, True, True),
    ],
    ids=[
        "before it has said anything",
        "to run its jobs",
        "also when it is full",
        "to send them on",
        "not while nobody takes them",
        "not while it is alone and out",
        "to end them",
    ],
)
def test_when_a_pool_takes_jobs_from_its_own_queue(pools: dict[str, PoolState], hopeless: bool, empties: bool) -> None:
    assert empties_its_queue("groq", pools, hopeless=hopeless) is empties


def test_a_lane_without_a_route_is_open_to_every_available_pool() -> None:
    assert decide(None, "groq", {"groq": FREE}).open
    assert not decide(None, "groq", {"groq": OUT}).open
