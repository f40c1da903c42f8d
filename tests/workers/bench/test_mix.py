"""What is measured with what, and what is said of a run."""

import pytest

from workfleet.routing.directory import STRATEGIES, Mode, Strategy
from workfleet.workers.bench.mix import ADMITTED, MODES, SERVERS, MixOptions, MixRun
from workfleet.workers.bench.mix_optimum import Optimum


def run(mode: Mode, makespan_s: float = 50.0, **taken: int) -> MixRun:
    return MixRun("priority", mode, taken, 0, 0, 0.5, makespan_s, Optimum(40.0, 0.25, {}))


@pytest.mark.parametrize(
    ("strategies", "modes", "pairs"),
    [
        (("quality",), (), [("quality", "any")]),
        ((), ("offline", "any"), [("priority", "offline"), ("priority", "any")]),
        (("quality", "priority"), ("hosted",), [("quality", "hosted"), ("priority", "hosted")]),
    ],
    ids=["strategies without a mode", "modes with priority", "each with each"],
)
def test_which_are_measured_together(
    strategies: tuple[Strategy, ...], modes: tuple[Mode, ...], pairs: list[tuple[Strategy, Mode]]
) -> None:
    assert MixOptions(strategies=strategies, modes=modes).pairs() == pairs


def test_without_a_choice_each_strategy_and_each_mode_is_measured_once() -> None:
    pairs = MixOptions().pairs()
    assert len(pairs) == len(set(pairs))
    assert {strategy for strategy, mode in pairs if mode == "any"} == set(STRATEGIES)
    assert {mode for _, mode in pairs} == set(MODES)


def test_every_mode_says_whom_it_admits() -> None:
    assert set(ADMITTED) == set(MODES)
    assert all(names and names <= set(SERVERS) for names in ADMITTED.values())


def test_a_run_tells_how_near_it_came_and_who_had_no_place_in_it() -> None:
    assert run("any", paid=9).of_optimum == 0.8
    assert run("any", paid=9).times_least_cost == 2.0
    assert [run(mode, local=1, free=2, paid=4).trespassed for mode in MODES] == [0, 0, 1, 4, 6]
