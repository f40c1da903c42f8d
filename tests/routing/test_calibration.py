import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.calibration import (
    ENOUGH,
    REMEMBERED,
    Calibration,
    Errors,
    Estimated,
    Kind,
    bucket_of,
    error_of,
    estimated,
    ratio,
)

KIND = Kind("one/m", "middling")


@pytest.mark.parametrize(
    ("ratios", "factor"),
    [
        pytest.param([], 1.0, id="nothing is known"),
        pytest.param([1600] * (ENOUGH - 1), 1.0, id="too little is known"),
        pytest.param([1600] * ENOUGH, 1.6, id="enough is known"),
        pytest.param([700] * ENOUGH, 0.7, id="below 1 too"),
        pytest.param([1600] * 4 + [190_000] * 3, 1.6, id="pages that a provider's own tool read say nothing"),
        pytest.param([1600] * 4 + [20] * 3, 1.6, id="nor cached prompts that were not counted"),
        pytest.param([1500, 1550, 1600, 1650, 1700], 1.6, id="the middle one of those that differ"),
        pytest.param([1000] * REMEMBERED + [1600] * REMEMBERED, 1.6, id="old ones are forgotten"),
        pytest.param([1000] * REMEMBERED + [1600] * (REMEMBERED // 2 + 1), 1.6, id="once most are new"),
        pytest.param([40_000] * ENOUGH, 8.0, id="what cannot be is believed so far"),
        pytest.param([1] * ENOUGH, 0.25, id="in both directions"),
    ],
)
def test_the_factor_is_the_median_of_the_last_counts(ratios: list[int], factor: float) -> None:
    assert Calibration().with_calls(ratios).factor == factor


@given(st.lists(st.integers(1, 10**6), max_size=80), st.integers(0, 80))
def test_calls_that_come_in_two_parts_teach_what_they_teach_at_once(ratios: list[int], at: int) -> None:
    assert Calibration().with_calls(ratios[:at]).with_calls(ratios[at:]) == Calibration().with_calls(ratios)


@pytest.mark.parametrize(
    ("raw", "calibration", "expected"),
    [
        pytest.param(100, None, Estimated(KIND, 100, 100), id="nothing is known"),
        pytest.param(100, Calibration((1600,) * ENOUGH), Estimated(KIND, 100, 160), id="it counts more"),
        pytest.param(100, Calibration((500,) * ENOUGH), Estimated(KIND, 100, 50), id="it counts less"),
        pytest.param(1, Calibration((250,) * ENOUGH), Estimated(KIND, 1, 1), id="no prompt is nothing"),
        pytest.param(0, Calibration((9000,) * ENOUGH), Estimated(KIND, 0, 0), id="but an empty one"),
    ],
)
def test_an_estimate_is_scaled_by_what_is_known(raw: int, calibration: Calibration, expected: Estimated) -> None:
    assert estimated(KIND, raw, calibration) == expected


@pytest.mark.parametrize(("tokens", "most"), [(160, 160), (50, 100)], ids=["a factor raises", "and never lowers"])
def test_what_must_not_be_too_low_is_raised_alone(tokens: int, most: int) -> None:
    assert Estimated(KIND, 100, tokens).most == most


@pytest.mark.parametrize(
    ("tokens", "tools", "shape"),
    [
        (1, False, "small"),
        (99, False, "small"),
        (100, False, "middling"),
        (999, True, "middling, tools"),
        (1000, True, "large, tools"),
    ],
)
def test_prompts_of_different_shapes_are_learned_apart(tokens: int, tools: bool, shape: str) -> None:
    kind = Kind.of("one/m", tokens, tools=tools)
    assert kind == Kind("one/m", shape)
    assert Kind.parse(str(kind)) == kind


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_a_bucket_tells_an_error_to_within_a_hundredth(estimate: int, counted: int) -> None:
    if 1 / 2600 < estimate / counted < 2600:
        assert 1 + error_of(bucket_of(estimate, counted)) == pytest.approx(estimate / counted, rel=0.0101)


def test_ratios_are_kept_in_thousandths() -> None:
    assert ratio(160, 100) == 1600


def test_errors_tell_their_size_their_sign_and_how_many_are_within_it() -> None:
    off = Errors({bucket_of(100, 100): 90, bucket_of(150, 100): 6, bucket_of(50, 100): 4})
    assert off.calls == 100
    assert off.mean == pytest.approx(0.05, abs=0.002)
    assert off.bias == pytest.approx(0.01, abs=0.002)
    assert [off.quantile(share) for share in (0.5, 0.9)] == [0.0, 0.0]
    assert off.quantile(0.95) == pytest.approx(0.5, abs=0.015)


def test_no_calls_have_no_error() -> None:
    assert (Errors().mean, Errors().bias, Errors().quantile(0.5)) == (None, None, None)


def test_errors_of_several_kinds_add_up() -> None:
    assert Errors({0: 1, 5: 2}) + Errors({5: 1, -3: 4}) == Errors({0: 1, 5: 3, -3: 4})
