from random import Random
from statistics import fmean, median, pstdev

import pytest

from workfleet.workers.simulator.distribution import distribution

DRAWS = 20_000


def drawn(text: float | str, seed: int = 1) -> list[float]:
    rng = Random(seed)
    return [distribution(text).draw(rng) for _ in range(DRAWS)]


def test_a_number_is_always_itself() -> None:
    assert {distribution(0.5).draw(Random(seed)) for seed in range(5)} == {0.5}
    assert distribution("0.5") == distribution(0.5)


def test_uniform_has_its_bounds() -> None:
    values = drawn("uniform:0.2,0.8")
    assert min(values) >= 0.2
    assert max(values) <= 0.8
    assert fmean(values) == pytest.approx(0.5, abs=0.01)


def test_normal_has_its_mean_and_deviation() -> None:
    values = drawn("normal:5,0.5")
    assert [fmean(values), pstdev(values)] == pytest.approx([5, 0.5], abs=0.02)


def test_normal_is_never_below_zero() -> None:
    assert min(drawn("normal:0.1,1")) == 0.0


def test_lognormal_has_its_median_and_is_skewed_to_long_values() -> None:
    values = drawn("lognormal:120,0.5")
    assert median(values) == pytest.approx(120, rel=0.02)
    assert fmean(values) > 1.1 * median(values)


def test_exponential_has_its_mean() -> None:
    assert fmean(drawn("exponential:2")) == pytest.approx(2, rel=0.03)


def test_equal_seeds_draw_equal_values() -> None:
    assert drawn("lognormal:1,1", seed=7)[:100] == drawn("lognormal:1,1", seed=7)[:100]


@pytest.mark.parametrize(
    "text", ["", "fast", "uniform:1", "normal:1,2,3", "lognormal:a,b", "-1", "nan", "inf", "bet:1"]
)
def test_what_is_no_distribution_is_refused_with_the_known_forms(text: str) -> None:
    with pytest.raises(ValueError, match=r"lognormal:0\.5,0\.3 or exponential:0\.5"):
        distribution(text)
