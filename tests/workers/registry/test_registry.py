"""Models under the names that providers have for them."""

import pytest

from workfleet.workers.registry.entry import ModelEntry, Offer
from workfleet.workers.registry.registry import Registry

ENTRY = ModelEntry(
    id="m",
    context_tokens=100,
    offers={
        "ollama": Offer(name="m:7b", also=("m",), context_tokens=50),
        "openrouter": Offer(name="vendor/m"),
        "groq": Offer(name="m-fast", retired=True, replaced_by="n"),
    },
)
REGISTRY = Registry({"m": ENTRY})


@pytest.mark.parametrize(
    ("type_", "name", "context_tokens"),
    [
        pytest.param("ollama", "m:7b", 50, id="its name there"),
        pytest.param("ollama", "M:7B", 50, id="however it is written"),
        pytest.param("ollama", "m", 50, id="another name"),
        pytest.param("ollama", "m:latest", 50, id="the latest is the one without a tag"),
        pytest.param("ollama", "m:7b-instruct-q4_K_M", 50, id="quantised"),
        pytest.param("openrouter", "vendor/m:nitro", 100, id="served in a special way"),
        pytest.param("vllm", "vendor/m", 100, id="the same weights on a server of one's own"),
        pytest.param("groq", "vendor/m", None, id="a hosted provider has only its own"),
        pytest.param("ollama", "m:70b", None, id="another size"),
        pytest.param("ollama", "n", None, id="another model"),
    ],
)
def test_a_model_is_found(type_: str, name: str, context_tokens: int | None) -> None:
    found = REGISTRY.find(type_, name)
    assert (found.context_tokens if found else None) == context_tokens


def test_weights_that_a_provider_retired_still_run_elsewhere() -> None:
    hosted, own = REGISTRY.find("groq", "m-fast"), REGISTRY.find("vllm", "m-fast")
    assert hosted is not None
    assert own is not None
    assert (hosted.retired, own.retired) == (True, False)
