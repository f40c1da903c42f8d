import os
from pathlib import Path

import pytest

from workfleet.routing.lanes import Band
from workfleet.tasks.errors import InvalidRequest
from workfleet.workers.bench.complexity import BandResult, evaluate
from workfleet.workers.bench.problems import SolvedProblem, read_problems

EASY, HARD = (
    "Print the sum of two numbers.",
    "Count the subsequences of a tree's paths modulo 10^9 + 7, for n <= 10^18 queries.",
)


def solved(text: str, cheap: float, strong: float = 1.0) -> SolvedProblem:
    return SolvedProblem(text=text, pass_at_1={"cheap": cheap, "strong": strong})


def test_a_score_is_worth_how_well_it_foretells_failures() -> None:
    padded = EASY + " " * 200
    found = evaluate([solved(EASY, 1.0), solved(padded, 1.0), solved(HARD, 0.0), solved(HARD, 0.9, 0.0)], "cheap")
    assert (found.model, found.problems, found.failing) == ("cheap", 4, 2)
    assert (found.auroc, found.auroc_score, found.auroc_length) == (1.0, 1.0, 0.5)
    assert found.spearman == pytest.approx(-0.943, abs=0.001)
    assert found.bands[0] == BandResult(Band.SIMPLE, 2, cheap=1.0, all_models=1.0)
    assert [each.problems for each in found.bands] == [2, 0, 2, 0]
    assert found.bands[3] == BandResult(Band.VERY_COMPLEX, 0, cheap=None, all_models=None)


@pytest.mark.parametrize("rate", [0.0, 1.0], ids=["always", "never"])
def test_a_model_that_always_or_never_fails_tells_nothing(rate: float) -> None:
    with pytest.raises(InvalidRequest, match="there is nothing to tell apart"):
        evaluate([solved(EASY, rate), solved(HARD, rate)], "cheap")


@pytest.fixture
def livecodebench() -> list[SolvedProblem]:
    """Problems with results, where they are at hand: beside the clone, or where FLEET_COMPLEXITY_PROBLEMS says."""
    beside = Path(__file__).parents[4] / "shared" / "complexity" / "problems.jsonl"
    file = Path(os.environ.get("FLEET_COMPLEXITY_PROBLEMS", beside))
    if not file.is_file():
        pytest.skip("no problems with results here; FLEET_COMPLEXITY_PROBLEMS may name a file of them")
    return read_problems(file)


def test_on_real_problems_the_score_beats_prompt_length_and_fills_every_band(
    livecodebench: list[SolvedProblem],
) -> None:
    found = evaluate(livecodebench)
    pass_rates = [each.cheap for each in found.bands]
    assert found.auroc >= 0.8
    assert found.auroc_score >= 0.8
    assert found.auroc > found.auroc_length + 0.1
    assert found.spearman < found.spearman_length - 0.2
    assert min(each.problems for each in found.bands) >= len(livecodebench) / 10
    assert pass_rates == sorted(pass_rates, key=lambda rate: rate or 0, reverse=True)
