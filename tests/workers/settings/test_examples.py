"""Every form of configuration that people come with loads as it stands, and means what its authors meant."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workfleet.workers.providers.endpoint import Timeouts
from workfleet.workers.settings import (
    HealthCheck,
    Limits,
    Prices,
    ProviderSettings,
    Settings,
    dictionary,
    load_settings,
)

EXAMPLES = Path(__file__).parent / "examples"
CONFIGURATIONS = sorted(EXAMPLES.glob("*.yaml"))


def load(name: str, keys: dict[str, str], **variables: str) -> Settings:
    return load_settings(EXAMPLES / name, env={**keys, **variables}, directory=EXAMPLES)


def targets(settings: Settings, route: str = "default") -> list[str]:
    return [f"{link.provider}/{link.model}" if link.model else link.provider for link in settings.routes[route].chain]


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=lambda file: file.stem)
def test_every_example_loads_with_its_keys_in_the_environment(file: Path, keys: dict[str, str]) -> None:
    settings = load(file.name, keys)
    assert settings.source == file
    assert settings.enabled()
    settings.directory()


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("free_tier.yaml", ["GROQ_API_KEY", "OPENROUTER_API_KEY", "GOOGLE_AI_API_KEY"]),
        ("local_first.yaml", ["OPENROUTER_API_KEY"]),
        ("hosted.yaml", ["GROQ_API_KEY", "OPENROUTER_API_KEY"]),
        ("llm_providers.yaml", ["OPENAI_API_KEY", "ANTHROPIC_API_KEY"]),
        ("provider_manager.yaml", ["OPENROUTER_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_AI_API_KEY or GEMINI_API_KEY"]),
    ],
)
def test_without_them_each_missing_key_is_named(name: str, lacking: list[str]) -> None:
    with pytest.raises(Exception, match="has no API key") as caught:
        load(name, {})
    assert [variable for variable in lacking if f"set {variable}" in str(caught.value)] == lacking
    assert len(str(caught.value).splitlines()) == len(lacking)


def test_a_map_with_a_free_tier_block_is_a_chain_of_which_nothing_costs_money(keys: dict[str, str]) -> None:
    settings = load("free_tier.yaml", keys)
    assert settings.mode == "free_only"
    assert targets(settings) == ["groq", "openrouter_free", "google_ai_studio"]
    groq, openrouter, google = settings.providers.values()
    assert (groq.default_model, groq.limits, groq.tier) == (
        "llama-3.3-70b-versatile",
        Limits(requests_per_day=14400, tokens_per_minute=6000),
        "free",
    )
    assert (openrouter.type, openrouter.default_model, openrouter.limits) == (
        "openrouter",
        "mistralai/devstral-small:free",
        Limits(requests_per_day=50),
    )
    assert (google.type, google.limits, google.unusable) == ("google", Limits(requests_per_day=1000), None)


@pytest.mark.parametrize(
    ("name", "mode", "chain"),
    [
        ("local_first.yaml", "local_first", ["ollama", "openrouter"]),
        ("hosted.yaml", "hosted", ["groq", "openrouter"]),
        ("free_only.yaml", "free_only", ["groq", "openrouter", "google"]),
    ],
)
def test_a_mode_with_a_list_of_providers_is_a_chain_in_the_order_of_their_priorities(
    name: str, mode: str, chain: list[str], keys: dict[str, str]
) -> None:
    settings = load(name, keys)
    assert (settings.mode, targets(settings)) == (mode, chain)


def test_every_field_of_such_a_list_is_understood(keys: dict[str, str]) -> None:
    settings = load("every_field.yaml", keys)
    assert settings.warnings == ()
    groq = settings.providers["groq"]
    assert groq == ProviderSettings(
        name="groq",
        type="groq",
        priority=1,
        base_urls=("https://api.groq.com/openai/v1",),
        api_key=groq.api_key,
        key_source=groq.key_source,
        default_model="llama-3.3-70b-versatile",
        model_overrides={"code-review": "llama-3.1-8b-instant"},
        limits=Limits(requests_per_minute=30, requests_per_day=14400, tokens_per_minute=6000, tokens_per_day=500000),
        prices=Prices(input_usd_per_mtok=0.59, output_usd_per_mtok=0.79),
        health_check=HealthCheck(interval_s=60, timeout_s=5),
        fallback_provider="openrouter",
    )


def test_cloud_and_local_groups_with_a_fallback_block(keys: dict[str, str]) -> None:
    settings = load("llm_providers.yaml", keys)
    assert targets(settings) == ["claude", "openai", "ollama"]
    assert (settings.strategy, settings.retry.max_attempts, settings.retry.delay_s) == ("priority", 4, 1)
    assert [
        (provider.name, provider.type, provider.enabled, provider.tier) for provider in settings.providers.values()
    ] == [
        ("claude", "anthropic", True, "hosted"),
        ("openai", "openai", True, "hosted"),
        ("ollama", "ollama", True, "local"),
        ("vllm", "vllm", False, "local"),
        ("lmstudio", "lmstudio", False, "local"),
    ]
    openai, ollama = settings.providers["openai"], settings.providers["ollama"]
    assert openai.prices == Prices(input_usd_per_mtok=5, output_usd_per_mtok=15)
    assert [model.name for model in openai.models] == ["gpt-4o", "gpt-4-turbo"]
    assert openai.timeouts == Timeouts(total_s=30)
    assert [model.free for model in ollama.models] == [True, True, True]
    assert settings.providers["lmstudio"].models == ()


def test_the_environment_alone_is_a_configuration(tmp_path: Path) -> None:
    variables = {"MODEL_PROVIDER": "groq", "GROQ_MODEL": "qwen-2.5-32b", "GROQ_API_KEY": "k"}
    settings = load_settings(env=variables, directory=tmp_path)
    assert settings.source is None
    assert targets(settings) == ["groq"]
    assert settings.providers["groq"].default_model == "qwen-2.5-32b"


def test_a_map_of_agents_and_their_models(tmp_path: Path) -> None:
    only = {"OPENROUTER_API_KEY": "k", "MODEL_PROVIDER": "openrouter"}
    settings = load_settings(
        env={**only, "AGENT_MODELS_CONFIG": str(EXAMPLES / "agent_models.json")}, directory=tmp_path
    )
    assert {agent: targets(settings, route) for agent, route in settings.agents.items()} == {
        "Pricing Agent": ["openrouter/cohere/command-r-plus"],
        "SWE Agent": ["openrouter/anthropic/claude-sonnet-4"],
    }
    assert [warning.message for warning in settings.warnings if warning.source] == [
        "'creative-tuned-model' is a placeholder, not a model; name one that exists",
        "'groq' is not among the configured providers; configured: openrouter",
    ]


def test_chains_of_agents_with_a_timeout_and_retries(keys: dict[str, str]) -> None:
    settings = load("fallback_config.json", keys, MODEL_PROVIDER="openrouter")
    assert targets(settings, "agent:Pricing Agent") == ["openrouter/cohere/command-r-plus", "openrouter/openai/gpt-4.1"]
    assert settings.providers["openrouter"].timeouts.first_token_s == 10
    assert settings.providers["openrouter"].said_timeouts == {"first_token_s"}
    assert settings.retry.max_attempts == 4


def test_a_map_and_chains_of_the_same_agents_go_together(keys: dict[str, str]) -> None:
    variables = {
        **keys,
        "MODEL_PROVIDER": "openrouter",
        "OPENROUTER_MODEL": "mistralai/devstral-2",
        "AGENT_MODELS_CONFIG": "agent_models.json",
        "FALLBACK_CONFIG": "fallback_config.json",
    }
    settings = load_settings(None, env={**variables, "FLEET_CONFIG": "hosted.yaml"}, directory=EXAMPLES)
    assert targets(settings, "agent:Pricing Agent") == [
        "openrouter/cohere/command-r-plus",
        "groq/qwen-2.5-32b",
        "openai/gpt-4.1",
    ]
    assert targets(settings, "agent:Memory Operations") == ["groq/qwen-2.5-32b", "openrouter"]
    assert targets(settings) == ["openrouter", "groq"]
    assert settings.providers["openrouter"].default_model == "mistralai/devstral-2"


def test_cloud_and_local_models_with_a_chain_for_each_task(keys: dict[str, str]) -> None:
    settings = load("task_models.yaml", keys)
    assert settings.strategy == "cost_based"
    assert {task: targets(settings, route) for task, route in settings.lanes.items()} == {
        "cli-analysis": ["ollama", "openai"],
        "test-plan-generation": ["openai", "anthropic", "ollama"],
        "result-verification": ["ollama"],
    }
    assert [(name, provider.type) for name, provider in settings.providers.items() if provider.usable] == [
        ("openai", "openai"),
        ("anthropic", "anthropic"),
        ("ollama", "ollama"),
        ("local", "llamacpp"),
    ]


def test_a_provider_manager_with_load_balancing(keys: dict[str, str]) -> None:
    settings = load("provider_manager.yaml", keys)
    assert (settings.strategy, settings.retry.max_attempts) == ("round_robin", 3)
    assert targets(settings) == ["openrouter", "anthropic", "google", "ollama", "ruvector"]
    assert settings.providers["openrouter"].timeouts.total_s == 60
    assert [provider.fallback_provider for provider in settings.providers.values()][-1] == "ollama"
    assert "cache: has no effect: answers are kept by task type, `task_types: {NAME: {cache_s: SECONDS}}`" in {
        str(warning).partition(": ")[2] for warning in settings.warnings
    }


def test_the_full_example_says_every_field_that_there_is() -> None:
    text = (EXAMPLES / "fleet.yaml").read_text()
    lines = {line.split("#")[0].strip().removeprefix("- ").partition(":")[0] for line in text.splitlines()}
    inline = {
        part.partition(":")[0]
        for part in text.replace("(", " ").replace("{", " ").replace(",", " ").split()
        if ":" in part
    }
    fields = set(_fields())
    assert fields - lines - inline == set()


def _fields() -> Iterator[str]:
    """The first name of every field, from the dictionary itself."""
    for name, value in vars(dictionary).items():
        table: Any = value
        if name.isupper() and name not in ("_PER_1K", "_WITHOUT_EFFECT", "BLOCKS") and isinstance(value, dict):
            yield from (spelling.path[-1] for spelling in table.values() if len(spelling.path) == 1)


def test_the_full_example_means_what_its_comments_say(keys: dict[str, str]) -> None:
    settings = load("fleet.yaml", keys)
    assert settings.warnings == ()
    assert targets(settings) == ["ollama", "groq", "reserve"]
    assert settings.lanes == {
        "test-generation": "careful",
        "test-generation.simple": "fast",
        "intent-analysis": "lane:intent-analysis",
    }
    assert settings.task_types["test-generation"].judge == "python-tests"
    assert settings.debug == {"ollama"}
    assert [endpoint.base_url for endpoint in settings.providers["ollama"].endpoints()] == [
        "http://localhost:11434",
        "http://gpu-2.lan:11434",
    ]
    assert settings.providers["groq"].limits_of("llama-3.1-8b-instant").requests_per_day == 14400
    assert settings.providers["groq"].limits_of("llama-3.3-70b-versatile").requests_per_day == 1000


def test_the_json_examples_are_json() -> None:
    for file in EXAMPLES.glob("*.json"):
        assert json.loads(file.read_text())
