"""Words of which there are only a few."""

import pytest

from workfleet.routing.gate import BY_PRIORITY

from .conftest import Load

_FLEET = "strategy: {strategy}\nproviders:\n  vllm:\n    default_model: m\n"


@pytest.mark.parametrize("strategy", ["priority", "round-robin", "leastLoaded"])
def test_a_strategy_that_decides_by_itself_needs_no_word(load: Load, strategy: str) -> None:
    assert load(_FLEET.format(strategy=strategy)).warnings == ()


@pytest.mark.parametrize("strategy", sorted(BY_PRIORITY))
def test_a_strategy_without_observations_is_taken_and_says_what_it_does(load: Load, strategy: str) -> None:
    settings = load(_FLEET.format(strategy=strategy))
    assert settings.strategy == strategy
    assert [warning.message for warning in settings.warnings] == [
        f"{strategy} orders targets by their priority in this version"
    ]
