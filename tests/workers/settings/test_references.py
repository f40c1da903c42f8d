import pytest

from workfleet.workers.settings import ModelSettings, ProviderSettings
from workfleet.workers.settings.references import Reference, Unresolved, resolve

PROVIDERS = {
    provider.name: provider
    for provider in (
        ProviderSettings(name="groq", type="groq", priority=2, models=(ModelSettings(name="llama-3.3"),)),
        ProviderSettings(
            name="gpu",
            type="vllm",
            priority=1,
            models=(ModelSettings(name="llama-3.3"), ModelSettings(name="org/coder")),
        ),
        ProviderSettings(name="router", type="openrouter", priority=3),
        ProviderSettings(name="ollama", type="ollama", default_model="qwen3-coder:30b"),
        ProviderSettings(name="claude", type="anthropic", unusable="no dialect"),
    )
}


@pytest.mark.parametrize(
    ("text", "provider", "model"),
    [
        pytest.param("groq", "groq", None, id="a provider"),
        pytest.param("GROQ", "groq", None, id="in capitals"),
        pytest.param("groq/llama-3.3", "groq", "llama-3.3", id="provider/model"),
        pytest.param("groq/openai/gpt-oss:free", "groq", "openai/gpt-oss:free", id="provider/vendor/model:tag"),
        pytest.param("ollama:qwen3-coder:30b", "ollama", "qwen3-coder:30b", id="provider:model with a tag"),
        pytest.param("qwen3-coder:30b", "ollama", "qwen3-coder:30b", id="a tag is no provider"),
        pytest.param("llama-3.3", "gpu", "llama-3.3", id="a listed model, of the first that lists it"),
        pytest.param("org/coder", "gpu", "org/coder", id="a listed model with a vendor"),
        pytest.param(
            "cohere/command-r-plus", "router", "cohere/command-r-plus", id="a vendor's model goes to the gateway"
        ),
        pytest.param(
            "openai/gpt-4.1", "router", "openai/gpt-4.1", id="also if the vendor is a type that is not configured"
        ),
        pytest.param("anthropic/claude-sonnet-4", "claude", "claude-sonnet-4", id="but not if it is configured"),
        pytest.param("vllm/org/coder", "gpu", "org/coder", id="a type stands for the only provider of it"),
        pytest.param(
            "openrouter/command-r-plus", "router", "cohere/command-r-plus", id="a name that documents use for another"
        ),
        pytest.param(" groq / x".replace(" ", ""), "groq", "x", id="blanks"),
    ],
)
def test_a_target_is_found_as_it_was_meant(text: str, provider: str, model: str | None) -> None:
    assert resolve(text, PROVIDERS) == Reference(PROVIDERS[provider], model)


@pytest.mark.parametrize(
    ("text", "why", "passing"),
    [
        pytest.param("", "is empty; name a provider, or provider/model", False, id="nothing"),
        pytest.param(
            "creative-tuned-model",
            "'creative-tuned-model' is a placeholder, not a model; name one that exists",
            True,
            id="placeholder",
        ),
        pytest.param(
            "<model>", "'<model>' is a placeholder, not a model; name one that exists", True, id="marked placeholder"
        ),
        pytest.param(
            "together/x",
            "'together' is not among the configured providers; configured: groq, gpu, router, ollama, claude",
            True,
            id="a type that is not configured",
        ),
        pytest.param(
            "grog",
            "'grog' names no provider and no listed model; did you mean 'groq'? "
            "providers: groq, gpu, router, ollama, claude",
            False,
            id="close to a provider",
        ),
        pytest.param(
            "unheard-of",
            "'unheard-of' names no provider and no listed model; providers: groq, gpu, router, ollama, claude",
            False,
            id="close to nothing",
        ),
    ],
)
def test_what_is_no_target_says_what_is_configured(text: str, why: str, passing: bool) -> None:
    assert resolve(text, PROVIDERS) == Unresolved(why, passing)


def test_a_type_of_which_there_are_two_is_no_name() -> None:
    two = {name: ProviderSettings(name=name, type="vllm") for name in ("a", "b")}
    assert isinstance(resolve("vllm", two), Unresolved)


def test_without_a_gateway_a_vendors_model_is_unknown() -> None:
    assert isinstance(resolve("cohere/command-r-plus", {"ollama": PROVIDERS["ollama"]}), Unresolved)
