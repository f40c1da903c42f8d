"""How well models suit the work of a lane."""

import pytest

from workfleet.routing.directory import ModelFacts
from workfleet.routing.lanes import TASK_TYPES, Band
from workfleet.routing.suitability import (
    CODE_WORK,
    QUICK_WORK,
    Work,
    is_good_enough,
    is_quick_enough,
    remarks,
    score,
)

REVIEW = Work("code-review", Band.MODERATE)
CODER = ModelFacts(name="coder", quality=0.45, strengths=frozenset({"refactoring"}))
WRITER = ModelFacts(name="writer", quality=0.45, strengths=frozenset({"creative"}))
BOTH = ModelFacts(name="both", quality=0.45, strengths=frozenset({"refactoring", "creative"}))
SMALL = ModelFacts(name="small", quality=0.45)
REVIEWER = ModelFacts(name="reviewer", quality=0.45, strengths=frozenset({"code-review"}))


@pytest.mark.parametrize(
    ("model", "task_type", "expected"),
    [
        (SMALL, "code-review", 0.45),
        (REVIEWER, "code-review", 0.6),
        (WRITER, "code-review", 0.45),
        (CODER, "code-review", 0.45),
        (CODER, "creative", 0.3),
        (ModelFacts(name="all", quality=0.45, strengths=CODE_WORK), "creative", 0.3),
        (SMALL, "creative", 0.45),
        (WRITER, "documentation", 0.45),
        (BOTH, "documentation", 0.45),
        (WRITER, "creative", 0.6),
        (ModelFacts(name="tiny", quality=0.05, strengths=CODER.strengths), "creative", 0.0),
        (ModelFacts(name="unscored", strengths=CODER.strengths), "refactoring", None),
        (None, "creative", None),
    ],
    ids=[
        "its quality",
        "more at its strengths",
        "no less at other work",
        "no less in its field",
        "less outside of it, if it is made for code",
        "or for all of that work",
        "no less anywhere, if it is made for nothing",
        "nor if it is made for words",
        "nor if it is made for both",
        "more at words, if it is made for them",
        "never less than nothing",
        "without a score, unknown",
        "an unknown model is unknown",
    ],
)
def test_how_good_a_model_is_at_some_work(model: ModelFacts | None, task_type: str, expected: float | None) -> None:
    assert score(model, Work(task_type, Band.MODERATE)) == expected


@pytest.mark.parametrize(
    ("model", "band", "enough"),
    [
        (SMALL, Band.SIMPLE, True),
        (SMALL, Band.MODERATE, False),
        (REVIEWER, Band.MODERATE, True),
        (REVIEWER, Band.COMPLEX, False),
        (ModelFacts(name="large", quality=0.85), Band.VERY_COMPLEX, True),
        (ModelFacts(name="unscored"), Band.VERY_COMPLEX, True),
        (None, Band.VERY_COMPLEX, True),
    ],
    ids=[
        "simple work needs little",
        "moderate work needs more",
        "or a model that is made for it",
        "which is not enough for complex work",
        "the best do everything",
        "an unknown score says nothing against it",
        "nor does an unknown model",
    ],
)
def test_the_harder_the_work_the_better_a_model_it_calls_for(
    model: ModelFacts | None, band: Band, enough: bool
) -> None:
    assert is_good_enough(model, Work("code-review", band)) is enough


@pytest.mark.parametrize(
    ("tokens_per_s", "task_type", "enough"),
    [
        (400.0, "memory-search", True),
        (60.0, "memory-search", False),
        (None, "memory-search", False),
        (None, "code-review", True),
    ],
    ids=["quick", "slow", "unknown", "work that can wait"],
)
def test_quick_work_calls_for_a_model_that_is_known_to_be_quick(
    tokens_per_s: float | None, task_type: str, enough: bool
) -> None:
    model = ModelFacts(name="m", tokens_per_s=tokens_per_s)
    assert is_quick_enough(model, Work(task_type, Band.SIMPLE)) is enough


def test_every_kind_of_work_is_among_the_task_types() -> None:
    assert (QUICK_WORK | CODE_WORK) - set(TASK_TYPES) == set()


def test_what_speaks_for_a_model_and_against_it_is_said() -> None:
    assert remarks(REVIEWER, REVIEW) == ("strong at code-review",)
    assert remarks(SMALL, REVIEW) == ("too weak for moderate work: 0.45 of 0.6",)
    assert remarks(None, Work("memory-search", Band.SIMPLE)) == ("not known to be quick", "nobody has scored it")
