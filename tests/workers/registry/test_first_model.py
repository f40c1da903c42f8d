import pytest

from workfleet.workers.registry.first_model import first_model
from workfleet.workers.registry.reading import read_registry


@pytest.mark.parametrize(
    ("memory_gb", "model"),
    [(2, None), (4, "qwen2.5:0.5b"), (16, "rnj-1:8b"), (64, "devstral-small-2:24b"), (2_000, "devstral-2:123b")],
)
def test_a_server_begins_with_the_best_that_half_of_the_memory_holds(memory_gb: float, model: str | None) -> None:
    assert first_model(read_registry(), "ollama", memory_gb=memory_gb) == model


def test_where_nothing_is_known_to_be_offered_nothing_is_named() -> None:
    assert first_model(read_registry(), "lmstudio", memory_gb=64) is None
