from collections.abc import Callable

import pytest

from workfleet.workers.providers.endpoint import Api
from workfleet.workers.settings import Settings

Load = Callable[..., Settings]
Refusals = Callable[..., list[str]]

AZURE = "providers: {az: {type: azure, base_url: https://r.openai.azure.com, api_key_env: AZ_KEY, %s}}"


@pytest.mark.parametrize(
    ("said", "api"),
    [
        pytest.param("default_model: m", Api(), id="nothing"),
        pytest.param("default_model: m, api_version: 2024-10-21", Api(version="2024-10-21"), id="a version"),
        pytest.param("deployments: {gpt-4o: mine}", Api(deployments={"gpt-4o": "mine"}), id="deployments"),
        pytest.param("deployment: m, api: {version: v1}", Api(version="v1"), id="in a block"),
    ],
)
def test_azure_has_a_version_and_deployments(said: str, api: Api, load: Load) -> None:
    (endpoint,) = load(AZURE % said, AZ_KEY="k").providers["az"].endpoints()
    assert endpoint.api == api


def test_the_models_of_azure_are_its_deployments_unless_it_names_others(load: Load) -> None:
    deployed = load(AZURE % "deployments: {gpt-4o: a, o3: b}", AZ_KEY="k").providers["az"]
    named = load(AZURE % "deployments: {gpt-4o: a, o3: b}, models: [o3]", AZ_KEY="k").providers["az"]
    assert [model.name for model in deployed.models] == ["gpt-4o", "o3"]
    assert [model.name for model in named.models] == ["o3"]


def test_version_and_betas_of_anthropic_are_headers_which_the_configured_ones_win_over(load: Load) -> None:
    settings = load("""
providers:
  claude: {default_model: m, anthropic_version: 2024-01-01, anthropic_beta: "a, b", prompt_cache: true}
  other: {type: claude, default_model: m, betas: [c], headers: {anthropic-beta: d}}
""")
    (claude,), (other,) = settings.providers["claude"].endpoints(), settings.providers["other"].endpoints()
    assert claude.headers == {"anthropic-version": "2024-01-01", "anthropic-beta": "a,b"}
    assert claude.api == Api(version="2024-01-01", betas=("a", "b"), prompt_cache=True)
    assert other.headers == {"anthropic-beta": "d"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        pytest.param(
            "groq: {default_model: m, deployments: {a: b}}",
            "1: providers.groq.deployments: a provider of type groq has no such field; only azure has it",
            id="of another type",
        ),
        pytest.param(
            "groq: {default_model: m, api: {version: x}}",
            "1: providers.groq.api.version: a provider of type groq has no such field; only anthropic, azure have it",
            id="of two other types",
        ),
        pytest.param(
            "ruvllm: {api: {form: grpc}}",
            "1: providers.ruvllm.api.form: must be one of auto, query or openai, not 'grpc'",
            id="another word",
        ),
        pytest.param(
            "ruvllm: {api: {from: query}}",
            "1: providers.ruvllm.api.from: unknown field 'from'; did you mean 'form'?",
            id="unknown",
        ),
        pytest.param(
            "openrouter: {default_model: m, api: {sort: cheapest}}",
            "1: providers.openrouter.api.sort: 'cheapest' is unknown; known: latency, price, throughput",
            id="no way to choose",
        ),
        pytest.param(
            "openrouter: {default_model: m, api: {max_price: {prompt: -1}}}",
            "1: providers.openrouter.api.max_price.prompt: prompt is -1; a price is 0 or more",
            id="a price below nothing",
        ),
        pytest.param(
            "openrouter: {default_model: m, api: {max_price: {prompts: 1}}}",
            "1: providers.openrouter.api.max_price.prompts: unknown field 'prompts'; did you mean 'prompt'?",
            id="a price of something else",
        ),
        pytest.param(
            "groq: {default_model: m, api: {sort: price}}",
            "1: providers.groq.api.sort: a provider of type groq has no such field; only openrouter has it",
            id="no gateway",
        ),
    ],
)
def test_what_a_type_has_not_is_refused(said: str, why: str, refusals: Refusals) -> None:
    assert refusals(f"providers: {{{said}}}") == [why]


def test_openrouter_is_told_how_to_choose(load: Load) -> None:
    settings = load("""
providers:
  openrouter:
    default_model: x/y
    api: {sort: Price, max_price: {prompt: 1, completion: 2.5}, fallback_models: "a/b, c/d:free"}
""")
    assert settings.providers["openrouter"].api == Api(
        sort="price", max_price={"prompt": 1.0, "completion": 2.5}, fallback_models=("a/b", "c/d:free")
    )


def test_a_provider_says_what_its_models_can_do(load: Load) -> None:
    settings = load("""
providers:
  fireworks: {type: openai_compatible, base_url: https://api.fireworks.ai/v1, default_model: m, capabilities: [tools]}
""")
    assert settings.providers["fireworks"].facts().capabilities == {"tools"}
