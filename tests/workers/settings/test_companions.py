from collections.abc import Callable

import pytest

from workfleet.workers.settings import Settings

Load = Callable[..., Settings]


@pytest.mark.parametrize(
    ("said", "companion"),
    [
        pytest.param("ruvllm: {ollama_fallback: true}", ("ruvllm-ollama", ("http://localhost:11434",)), id="the usual"),
        pytest.param(
            "ruvllm: {ollama_fallback: 'http://gpu:11434'}", ("ruvllm-ollama", ("http://gpu:11434",)), id="by its URL"
        ),
        pytest.param("ruvllm: {}, ollama: {}", ("ollama", ("http://localhost:11434",)), id="one that is there"),
    ],
)
def test_an_ollama_takes_over_from_ruvllm(said: str, companion: tuple[str, tuple[str, ...]], load: Load) -> None:
    settings = load(f"providers: {{{said}}}")
    follower = settings.providers[settings.providers["ruvllm"].fallback_provider or ""]
    assert (follower.name, follower.base_urls, follower.type) == (*companion, "ollama")
    assert [link.provider for link in settings.routes["default"].chain] == ["ruvllm", follower.name]


@pytest.mark.parametrize(
    ("said", "model"),
    [
        ("", "qwen2.5:0.5b"),
        (", default_model: ruvector-auto", "qwen2.5:0.5b"),
        (", model: ruvector-fast", "qwen2.5:0.5b"),
        (", default_model: ruvector-balanced", "qwen2.5:1.5b"),
        (", default_model: ruvector-quality", "llama3.2:3b"),
    ],
    ids=["the smallest", "auto", "fast", "balanced", "quality"],
)
def test_a_companion_has_a_model_of_its_own_of_the_size_of_what_is_asked_for(said: str, model: str, load: Load) -> None:
    settings = load(f"providers: {{ruvector: {{ollama_fallback: true{said}}}}}")
    assert settings.providers["ruvector-ollama"].default_model == model


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("ruvllm: {}", id="none is there"),
        pytest.param("ruvllm: {ollama_fallback: false}, ollama: {}", id="none is wanted"),
        pytest.param("ruvllm: {}, ollama: {enabled: false}", id="it is disabled"),
    ],
)
def test_where_no_ollama_is_to_be_had_nobody_takes_over(said: str, load: Load) -> None:
    assert load(f"providers: {{{said}}}").providers["ruvllm"].fallback_provider is None


def test_what_the_configuration_says_goes_before(load: Load) -> None:
    settings = load("providers: {ruvllm: {fallback_provider: vllm}, ollama: {}, vllm: {}}")
    assert settings.providers["ruvllm"].fallback_provider == "vllm"


def test_the_companion_of_a_disabled_provider_is_disabled(load: Load) -> None:
    settings = load("providers: {ruvllm: {enabled: false, ollama_fallback: true}, vllm: {}}")
    assert [provider.name for provider in settings.enabled()] == ["vllm"]
