"""Modes limit before strategies order: what they leave out gets no job, not by fallback and not by name."""

from collections.abc import Callable

import pytest

from workfleet.routing.lanes import Band
from workfleet.routing.placement import Wants, place
from workfleet.workers.providers.dialect import ListedModel
from workfleet.workers.registry.discovery import choosable
from workfleet.workers.settings import Settings
from workfleet.workers.settings.modes import near

Load = Callable[..., Settings]

PROVIDERS = """
providers:
  openai: {priority: 1, model: gpt-4.1}
  groq: {priority: 2, model: llama}
  openrouter: {priority: 3, model: 'mistralai/devstral-small:free'}
  ollama: {priority: 4}
  gift: {type: together, tier: free, priority: 5, model: m, api_key_env: OPENAI_API_KEY}
  zero: {type: custom, url: 'https://api.example.org', priority: 6, model: z, prices: {input: 0, output: 0}}
"""


@pytest.mark.parametrize(
    ("mode", "chain"),
    [
        pytest.param("any", ["openai", "groq", "openrouter", "ollama", "gift", "zero"], id="any"),
        pytest.param(
            "local_first",
            ["ollama", "openai", "groq", "openrouter", "gift", "zero"],
            id="local_first puts our own first",
        ),
        pytest.param("hosted", ["openai", "groq", "openrouter", "gift", "zero"], id="hosted leaves our own out"),
        pytest.param(
            "free_only", ["groq", "openrouter", "ollama", "gift", "zero"], id="free_only leaves out what may cost money"
        ),
        pytest.param("offline", ["ollama"], id="offline leaves out what is not ours"),
    ],
)
def test_a_mode_limits_and_orders_the_default_route(mode: str, chain: list[str], load: Load) -> None:
    settings = load(f"mode: {mode}\n{PROVIDERS}")
    assert [link.provider for link in settings.routes["default"].chain] == chain
    assert sorted(provider.name for provider in settings.enabled()) == sorted(chain)


def test_the_priority_numbers_hold_within_a_tier(load: Load) -> None:
    settings = load(
        "mode: local_first\nproviders: {groq: {priority: 1, model: m}, vllm: {priority: 9}, ollama: {priority: 3}}"
    )
    assert [(link.provider, link.priority) for link in settings.routes["default"].chain] == [
        ("ollama", 1),
        ("vllm", 2),
        ("groq", 3),
    ]


def test_who_is_left_out_says_why(load: Load) -> None:
    settings = load(f"mode: free_only\n{PROVIDERS}")
    assert settings.providers["openai"].unusable == (
        "mode free_only: nothing says that it is free (`tier: free`, prices of 0, or a model named `…:free`)"
    )
    assert settings.providers["groq"].tier == "free"


def test_in_free_only_a_paid_model_cannot_be_had_by_naming_it(load: Load) -> None:
    settings = load("""
mode: free_only
providers:
  openrouter:
    default_model: anthropic/claude-sonnet-4
    model_overrides: {documentation: 'org/writer:free', code-review: org/paid}
    models: ['org/coder:free', org/paid]
routes: {paid: [openrouter/org/paid, 'openrouter/org/coder:free']}
""")
    provider = settings.providers["openrouter"]
    assert provider.default_model is None
    assert provider.model_overrides == {"documentation": "org/writer:free"}
    assert [link.model for link in settings.routes["paid"].chain] == ["org/coder:free"]
    facts = settings.directory().providers["openrouter"]
    assert {model.name: model.free for model in facts.models} == {"org/coder:free": True, "org/writer:free": True}
    assert not facts.serves("org/paid")
    assert [str(warning) for warning in settings.warnings] == [
        "4: providers.openrouter: mode free_only: it is not asked for anthropic/claude-sonnet-4, org/paid",
        "8: routes.paid[0]: openrouter/org/paid is not used: the mode is free_only",
    ]


def test_a_route_may_be_stricter_than_the_fleet(load: Load) -> None:
    settings = load(PROVIDERS + "routes: {cheap: {chain: [openai, groq, openrouter, ollama], mode: free_only}}")
    assert [link.provider for link in settings.routes["cheap"].chain] == ["openrouter", "ollama"]


def test_a_free_default_model_serves_jobs_that_must_be_free_in_any_mode(load: Load) -> None:
    settings = load("providers: {openrouter: {model: 'org/coder:free'}}")
    directory = settings.directory()
    placement = place(
        directory, settings.routes["default"], "general", Band.SIMPLE, Wants(free_only=True), pinned=False
    )
    assert (placement.queue, placement.skipped) == ("general.simple", {})
    assert directory.providers["openrouter"].serves("org/other")


OWN = """
providers:
  ollama: {default_model: 'gpt-oss:120b-cloud'}
  vllm: {base_urls: ['http://gpu-1:8000', 'http://10.0.0.7:8000'], default_model: m}
  groq: {default_model: m}
"""


def test_offline_only_the_hosts_of_our_own_servers_may_be_connected_to(load: Load) -> None:
    assert near(load(f"mode: offline\n{OWN}").providers.values()) == frozenset({"localhost", "gpu-1", "10.0.0.7"})
    assert near(load(OWN).providers.values()) is None


def test_offline_a_model_that_runs_elsewhere_gets_no_jobs_though_a_server_of_ours_lists_it(load: Load) -> None:
    settings = load(f"mode: offline\n{OWN}")
    assert str(settings.warnings[0]).endswith("gpt-oss:120b-cloud gets no jobs, for it runs elsewhere")
    placement = place(settings.directory(), settings.routes["default"], "general", Band.SIMPLE, Wants(), pinned=False)
    assert (placement.queue, placement.skipped) == (
        "provider.vllm",
        {"ollama/gpt-oss:120b-cloud": "the model runs elsewhere, though a server of ours lists it"},
    )


def test_free_tiers_that_are_equals_stand_as_they_are_recommended_and_told_priorities_hold(load: Load) -> None:
    listed = "mode: free_only\nproviders: {google: {model: g}, openrouter: {model: 'o:free'}, groq: {model: m%s}}"
    first, last = load(listed % ""), load(listed % ", priority: 200")
    assert [link.provider for link in first.routes["default"].chain] == ["groq", "openrouter", "google"]
    assert [link.priority for link in first.routes["default"].chain] == [1, 2, 3]
    assert [link.provider for link in last.routes["default"].chain] == ["openrouter", "google", "groq"]


@pytest.mark.parametrize(
    "configured",
    [
        pytest.param("mode: free_only\nproviders: {openrouter: {}}", id="the mode"),
        pytest.param("providers: {openrouter: {tier: free}}", id="the tier"),
        pytest.param("providers: {openrouter: {tier: free, model: org/paid}}", id="the tier, with a paid model named"),
    ],
)
def test_where_nothing_may_cost_anything_openrouter_is_asked_for_its_free_models_alone(
    configured: str, load: Load
) -> None:
    settings = load(configured)
    provider, facts = settings.providers["openrouter"], settings.directory().providers["openrouter"]
    assert (provider.usable, provider.default_model) == (True, None)
    assert (facts.serves("org/coder:free"), facts.serves("org/paid")) == (True, False)
    listed = [ListedModel("org/paid"), ListedModel("org/coder:free"), ListedModel("org/writer:free")]
    assert choosable(provider, listed) == ("org/coder:free", "org/writer:free")


def test_a_paid_model_of_a_free_tier_is_warned_of(load: Load) -> None:
    (warning,) = load("providers: {openrouter: {tier: free, model: org/paid}}").warnings
    assert str(warning).endswith("tier free: it is not asked for org/paid")


@pytest.mark.parametrize(
    ("configured", "models"),
    [
        pytest.param("default_model: 'gpt-oss:120b-cloud'", (), id="as default"),
        pytest.param(
            "default_model: 'small:1b', models: ['small:1b', 'glm-4.6:cloud']", ("small:1b",), id="in the list"
        ),
        pytest.param("model_overrides: {code-review: 'glm-4.6:cloud'}", (), id="for a task type"),
    ],
)
def test_in_free_only_ollama_is_not_asked_for_what_it_passes_on(
    configured: str, models: tuple[str, ...], load: Load
) -> None:
    settings = load(f"mode: free_only\nproviders: {{ollama: {{{configured}}}}}")
    facts = settings.directory().providers["ollama"]
    assert tuple(model.name for model in facts.models) == models
    assert (facts.default_model, facts.model_overrides) == (models[0] if models else None, {})
    assert (facts.serves("gpt-oss:120b-cloud"), facts.serves("small:1b")) == (False, True)
    assert "mode free_only: it is not asked for " in str(settings.warnings[0])
    listed = [ListedModel("glm-4.6:cloud"), ListedModel("small:1b", local=True)]
    assert choosable(settings.providers["ollama"], listed) == ("small:1b",)


def test_in_free_only_an_ollama_that_may_only_pass_on_gets_no_jobs(load: Load) -> None:
    settings = load("mode: free_only\nproviders: {ollama: {models: ['glm-4.6:cloud']}, vllm: {}}")
    assert [provider.name for provider in settings.enabled()] == ["vllm"]


def test_in_free_only_a_model_that_is_passed_on_for_nothing_may_be_asked(load: Load) -> None:
    free = "{name: 'glm-4.6:cloud', prices: {input: 0, output: 0}}"
    settings = load(f"mode: free_only\nproviders: {{ollama: {{models: [{free}]}}}}")
    assert settings.directory().providers["ollama"].serves("glm-4.6:cloud")
