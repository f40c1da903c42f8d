"""Words of which there are only a few."""

import pytest

from .conftest import Load

_FLEET = "strategy: {strategy}\nproviders:\n  vllm:\n    default_model: m\n"


@pytest.mark.parametrize(
    "strategy", ["priority", "round-robin", "leastLoaded", "cost_based", "latency-based", "quality", "balanced"]
)
def test_every_strategy_is_taken_however_it_is_spelled(load: Load, strategy: str) -> None:
    assert load(_FLEET.format(strategy=strategy)).warnings == ()
