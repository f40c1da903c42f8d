"""`fleet config show`: any configuration, in our form, without its secrets."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workfleet.workers.settings import Settings, SettingsError, load_settings
from workfleet.workers.settings.dump import as_yaml

Load = Callable[..., Settings]

EXAMPLES = Path(__file__).parent / "examples"


def same(one: Settings, other: Settings) -> bool:
    left_out = {"source", "warnings"}
    return one.model_dump(exclude=left_out) == other.model_dump(exclude=left_out)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.stem)
def test_what_is_shown_loads_to_the_same_settings(file: Path, keys: dict[str, str], tmp_path: Path) -> None:
    original = load_settings(file, env=keys, directory=EXAMPLES)
    shown = tmp_path / "fleet.yaml"
    shown.write_text(as_yaml(original))
    (tmp_path / "keys").symlink_to(EXAMPLES / "keys")
    again = load_settings(shown, env=keys, directory=tmp_path)
    if file.name != "fleet.yaml":
        assert same(again, original)
        return
    # A header's value may be a secret, so the variable to put it into is shown in its place.
    assert "X-Team: ${LAB_X_TEAM}" in shown.read_text()
    keys["LAB_X_TEAM"] = "quality"
    assert same(load_settings(shown, env=keys, directory=tmp_path), original) or not original.providers["lab"].enabled


def test_secrets_are_shown_as_the_variables_to_put_them_in(load: Load) -> None:
    text = as_yaml(
        load("""
redis_url: redis://me:hidden@host/0
providers:
  groq: {api_key: hidden, default_model: m, headers: {X-Token: hidden}}
  mine: {type: custom, url: 'http://gpu:1', api_key: hidden}
""")
    )
    assert "hidden" not in text
    shown = yaml.safe_load(text)
    assert shown["redis_url"] == "${FLEET_REDIS_URL}"
    assert shown["providers"]["groq"]["api_key"] == "${GROQ_API_KEY}"
    assert shown["providers"]["groq"]["headers"] == {"X-Token": "${GROQ_X_TOKEN}"}
    assert shown["providers"]["mine"]["api_key"] == "${OPENAI_COMPATIBLE_API_KEY}"


@pytest.mark.parametrize("url", ["redis://me:hidden@host/0", "redis://host/0?password=hidden"])
def test_no_password_of_redis_is_shown(load: Load, url: str) -> None:
    assert yaml.safe_load(as_yaml(load(f"redis_url: '{url}'")))["redis_url"] == "${FLEET_REDIS_URL}"


NAMES = ("ollama", "vllm", "groq", "openrouter", "claude")
MODELS = st.sampled_from(["m1", "org/m2:free", "q:30b"])
TARGETS = st.one_of(st.sampled_from(NAMES), st.builds("{}/{}".format, st.sampled_from(NAMES), MODELS))
CHAINS: st.SearchStrategy[Any] = st.one_of(TARGETS, st.lists(TARGETS, min_size=1, max_size=3))
PRICES: st.SearchStrategy[Any] = st.fixed_dictionaries({"input": st.sampled_from([0, 1.5]), "output": st.just(0)})
TIMEOUTS: st.SearchStrategy[Any] = st.fixed_dictionaries({"total_ms": st.integers(1, 90_000)})
BREAKER: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {}, optional={"failures": st.integers(1, 9), "open_s": st.integers(1, 600), "share": st.just(0.3)}
)
PROVIDER: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "enabled": st.booleans(),
        "priority": st.integers(0, 3),
        "tier": st.sampled_from(["local", "hosted", "free"]),
        "default_model": MODELS,
        "models": st.lists(
            st.one_of(MODELS, st.fixed_dictionaries({"name": MODELS, "free": st.booleans()})), max_size=2
        ),
        "model_overrides": st.dictionaries(st.sampled_from(["code_review", "general"]), MODELS, max_size=2),
        "fallback_provider": st.sampled_from(NAMES),
        "prices": PRICES,
        "timeouts": TIMEOUTS,
        "breaker": BREAKER,
        "measure_first_token": st.booleans(),
    },
)
ROUTE: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"chain": CHAINS},
    optional={
        "strategy": st.sampled_from(["round-robin", "priority"]),
        "mode": st.sampled_from(["any", "free_only", "offline"]),
        "spill_after_s": st.sampled_from(["never", 3]),
        "filtered": st.sampled_from(["one-more", "local"]),
    },
)
CONFIGURATION: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"providers": st.fixed_dictionaries(dict.fromkeys(NAMES, PROVIDER))},
    optional={
        "mode": st.sampled_from(["any", "local-first", "hosted", "freeOnly", "offline"]),
        "strategy": st.sampled_from(["round-robin", "costBased"]),
        "routes": st.dictionaries(st.sampled_from(["bulk", "default"]), st.one_of(CHAINS, ROUTE), max_size=2),
        "lanes": st.dictionaries(
            st.sampled_from(["code-review", "general.complex"]), st.one_of(CHAINS, ROUTE), max_size=2
        ),
        "agents": st.dictionaries(st.sampled_from(["A", "SWE Agent"]), st.one_of(CHAINS, ROUTE), max_size=2),
        "spill_after_s": st.sampled_from(["never", 0, 2.5]),
        "sync_models_s": st.sampled_from(["never", 60, 900]),
        "breaker": BREAKER,
    },
)


@given(configuration=CONFIGURATION)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_configuration_that_loads_is_shown_as_one_that_means_the_same(
    configuration: dict[str, Any], keys: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(yaml.safe_dump(configuration, sort_keys=False))
    try:
        original = load_settings(file, env=keys, directory=tmp_path)
    except SettingsError as refused:
        told = {problem.message.split(":")[0] for problem in refused.problems}
        if told != {"the fallbacks go in a circle"}:
            raise
        return
    original.directory()
    file.write_text(as_yaml(original))
    assert same(load_settings(file, env=keys, directory=tmp_path), original)


JUNK = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from(["", "groq", "${X}", "x/y", "never", "http://h"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "provider",
                    "name",
                    "model",
                    "models",
                    "api_key",
                    "base_url",
                    "limits",
                    "chain",
                    "target",
                    "primary",
                    "fallback",
                    "enabled",
                    "strategy",
                    "groq",
                    "cloud",
                    "local",
                    "free_tier",
                    "headers",
                    "timeouts",
                    "breaker",
                ]
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=12,
)
TOP = st.sampled_from(
    [
        "providers",
        "routes",
        "lanes",
        "agents",
        "fallback",
        "mode",
        "strategy",
        "retry",
        "timeouts",
        "breaker",
        "task_types",
        "loadBalancing",
        "cache",
        "defaultProvider",
        "redis_url",
        "debug",
        "spill_after_s",
        "sync_models_s",
    ]
)


@given(junk=st.dictionaries(TOP, JUNK, max_size=4))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_that_is_yaml_ends_in_anything_but_settings_or_a_list_of_problems(
    junk: dict[str, Any], keys: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(yaml.safe_dump(junk))
    with contextlib.suppress(SettingsError):
        load_settings(file, env=keys, directory=tmp_path)
