"""The names of queues, and the bands of complexity."""

import pytest

from workfleet.routing.lanes import TASK_TYPE_ALIASES, TASK_TYPES, Band, alternate_queue, band_of, canonical, lanes


@pytest.mark.parametrize(
    ("scores", "band"),
    [((1, 2, 3), Band.SIMPLE), ((4, 5, 6), Band.MODERATE), ((7, 8), Band.COMPLEX), ((9, 10), Band.VERY_COMPLEX)],
)
def test_the_bands_of_scores(scores: tuple[int, ...], band: Band) -> None:
    assert {band_of(score) for score in scores} == {band}


@pytest.mark.parametrize("score", [0, 11, -1])
def test_a_score_outside_the_scale_has_no_band(score: int) -> None:
    with pytest.raises(ValueError, match=f"complexity score {score} is outside 1..10"):
        band_of(score)


@pytest.mark.parametrize("name", ["Test_Generation", " test-generation ", "TEST-GENERATION"])
def test_names_are_read_however_they_are_spelled(name: str) -> None:
    assert canonical(name) == "test-generation"


def test_a_task_type_has_a_lane_for_each_band() -> None:
    assert lanes(["a", "b"]) == [
        "a.simple",
        "a.moderate",
        "a.complex",
        "a.very-complex",
        "b.simple",
        "b.moderate",
        "b.complex",
        "b.very-complex",
    ]


def test_the_alternate_queue_of_a_provider() -> None:
    assert alternate_queue("groq") == "provider.groq"


def test_task_types_and_their_aliases_are_canonical_and_fit_together() -> None:
    assert [canonical(name) for name in (*TASK_TYPES, *TASK_TYPE_ALIASES)] == [*TASK_TYPES, *TASK_TYPE_ALIASES]
    assert set(TASK_TYPE_ALIASES.values()) <= set(TASK_TYPES)
    assert not set(TASK_TYPE_ALIASES) & set(TASK_TYPES)
