from collections.abc import Callable
from pathlib import Path

import pytest

from workfleet.workers.settings import Settings, load_settings

Load = Callable[..., Settings]
Refusals = Callable[..., list[str]]

TWO = "providers: {ollama: {priority: 1}, groq: {priority: 2, default_model: m}}\n"


def order(settings: Settings) -> list[str]:
    return [link.provider for link in settings.routes["default"].chain]


def test_the_redis_of_the_environment_wins(load: Load) -> None:
    settings = load("redis_url: redis://file/0", FLEET_REDIS_URL="rediss://environment/1")
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "rediss://environment/1"


def test_a_redis_that_is_none_is_refused_in_the_name_of_its_variable(tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"^FLEET_REDIS_URL: must begin with redis://"):
        load_settings(env={"FLEET_REDIS_URL": "http://secret@x"}, directory=tmp_path)


def test_the_mode_of_the_environment_wins(load: Load) -> None:
    settings = load("mode: hosted\n" + TWO, FLEET_MODE="offline")
    assert (settings.mode, order(settings)) == ("offline", ["ollama"])


@pytest.mark.parametrize(
    ("chosen", "chain"),
    [
        pytest.param("groq", ["groq", "ollama"], id="by name"),
        pytest.param("GROQ", ["groq", "ollama"], id="by type"),
        pytest.param("openrouter", ["ollama", "groq"], id="one without a model is there, and serves who names one"),
    ],
)
def test_the_provider_of_the_environment_comes_first(chosen: str, chain: list[str], load: Load) -> None:
    settings = load(TWO, MODEL_PROVIDER=chosen)
    assert order(settings) == chain
    assert chosen.lower() in settings.providers


def test_its_model_comes_from_the_environment_too(load: Load) -> None:
    settings = load(TWO, MODEL_PROVIDER="openrouter", OPENROUTER_MODEL="org/coder", GROQ_MODEL="fast")
    assert order(settings) == ["openrouter", "ollama", "groq"]
    assert [settings.providers[name].default_model for name in ("openrouter", "groq", "ollama")] == [
        "org/coder",
        "fast",
        None,
    ]


def test_a_model_for_a_provider_that_is_not_configured_adds_none(load: Load) -> None:
    assert list(load("providers: {ollama: {}}", GROQ_MODEL="fast").providers) == ["ollama"]


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        pytest.param("grok", "'grok': no such provider; did you mean 'groq'?", id="unknown"),
        pytest.param("vllm", "'vllm' is disabled in the file; enable it there, or name another", id="disabled"),
    ],
)
def test_a_provider_that_cannot_come_first_is_refused(chosen: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("providers: {vllm: {enabled: false}}")
    with pytest.raises(Exception, match="MODEL_PROVIDER") as caught:
        load_settings(file, env={"MODEL_PROVIDER": chosen}, directory=tmp_path)
    assert str(caught.value) == f"MODEL_PROVIDER: {why}"


def test_a_key_alone_enables_nothing(load: Load) -> None:
    settings = load("providers: {groq: {enabled: false, default_model: m}, ollama: {}}", OPENAI_API_KEY="k")
    assert [provider.name for provider in settings.enabled()] == ["ollama"]


def test_agents_of_the_environment_win_over_those_of_the_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").write_text("A: groq/from-map\nB: [groq/b, ollama]\n")
    settings = load(TWO + "agents: {A: ollama/from-file, C: ollama/c}", AGENT_MODELS_CONFIG="agents.yaml")
    first = {agent: str(settings.routes[route].chain[0].model) for agent, route in settings.agents.items()}
    assert first == {"A": "from-map", "B": "b", "C": "c"}


def test_a_map_may_stand_in_the_variable_itself(load: Load) -> None:
    settings = load(TWO, FALLBACK_CONFIG='{"A": ["groq/x", "ollama"], "timeout": 2500, "retries": 1}')
    assert [link.provider for link in settings.routes["agent:A"].chain] == ["groq", "ollama"]
    assert settings.providers["groq"].timeouts.first_token_s == 2.5
    assert settings.retry.max_attempts == 2


def test_a_mistake_in_a_map_names_its_own_file_and_line(refusals: Refusals, tmp_path: Path) -> None:
    (tmp_path / "agents.json").write_text('{\n  "A": "groq/x",\n  "B": "unheard"\n}')
    assert refusals(TWO, AGENT_MODELS_CONFIG="agents.json") == [
        "agents.json:3: B: 'unheard' names no route, provider or listed model; providers: ollama, groq; routes: default"
    ]


@pytest.mark.parametrize(
    ("value", "chosen"),
    [
        pytest.param("groq,ollama", {"groq", "ollama"}, id="names"),
        pytest.param("GROQ , ", {"groq"}, id="in any case, with blanks"),
        pytest.param("all", {"groq", "ollama"}, id="all"),
        pytest.param("nobody", set[str](), id="nobody that is configured"),
    ],
)
def test_debugging_is_per_provider(value: str, chosen: set[str], load: Load) -> None:
    assert load(TWO, LLM_DEBUG=value).debug == chosen
