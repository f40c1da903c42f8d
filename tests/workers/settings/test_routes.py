from collections.abc import Callable

import pytest

from workfleet.routing.directory import ChainLink, Route
from workfleet.workers.settings import Settings

Load = Callable[..., Settings]


def chain(settings: Settings, route: str = "default") -> list[tuple[str, int]]:
    return [
        (f"{link.provider}/{link.model}" if link.model else link.provider, link.priority)
        for link in settings.routes[route].chain
    ]


def test_the_default_route_holds_every_usable_provider_by_priority_and_equal_ones_are_peers(load: Load) -> None:
    settings = load("""
providers:
  vllm: {priority: 3}
  groq: {priority: 1, default_model: m}
  ollama: {priority: 3}
  localai: {priority: 2, enabled: false}
  google: {priority: 0, enabled: false, model: m}
  lmstudio: {}
""")
    assert chain(settings) == [("groq", 1), ("vllm", 2), ("ollama", 2), ("lmstudio", 4)]
    assert settings.routes["default"].chain[0].role == "primary"


def test_a_fallback_provider_follows_whom_it_stands_in_for(load: Load) -> None:
    settings = load("""
providers:
  ollama: {priority: 1, fallback_provider: openrouter}
  vllm: {priority: 2}
  openrouter: {priority: 9, default_model: m}
""")
    assert chain(settings) == [("ollama", 1), ("openrouter", 2), ("vllm", 3)]


def test_a_hosted_provider_without_a_model_is_asked_only_by_jobs_that_name_one(load: Load) -> None:
    settings = load("providers: {openrouter: {}, ollama: {}}")
    assert chain(settings) == [("ollama", 1)]
    assert [str(warning) for warning in settings.warnings] == [
        "1: providers.openrouter: has no default_model, so only jobs that name a model come to it"
    ]
    assert [provider.name for provider in settings.enabled()] == ["openrouter", "ollama"]


def test_where_nothing_can_be_used_the_route_keeps_its_targets_so_that_each_gets_a_reason(load: Load) -> None:
    settings = load("mode: offline\nproviders: {ollama: {enabled: false}, google: {model: m}}")
    assert chain(settings) == [("ollama", 1), ("google", 2)]
    assert [facts.unusable for facts in settings.directory().providers.values()] == [
        None,
        "mode offline: it does not run on our machines",
    ]


def test_a_route_may_be_a_target_a_list_or_a_mapping(load: Load) -> None:
    settings = load("""
spill_after_s: 7
providers: {ollama: {}, groq: {default_model: m}}
routes:
  one: groq/x
  list: [ollama, 'groq:y']
  mapping:
    chain: [{target: groq, priority: 5, role: last resort}, ollama]
    strategy: round-robin
    mode: local-first
    spill_after_s: never
    filtered: give-up
""")
    one, several, mapping = (settings.routes[name] for name in ("one", "list", "mapping"))
    assert one == Route(
        name="one", chain=(ChainLink(provider="groq", model="x", priority=1, role="primary"),), spill_after_s=7
    )
    assert several.chain == (
        ChainLink(provider="ollama", priority=1, role="primary"),
        ChainLink(provider="groq", model="y", priority=2, role="secondary"),
    )
    assert mapping == Route(
        name="mapping",
        chain=(
            ChainLink(provider="groq", priority=5, role="last resort"),
            ChainLink(provider="ollama", priority=2, role="secondary"),
        ),
        strategy="round_robin",
        mode="local_first",
        spill_after_s=None,
        filtered="give_up",
    )


def test_a_user_prefers_a_target_before_the_default_route_or_has_a_route(load: Load) -> None:
    settings = load("""
providers: {ollama: {}, groq: {default_model: m}}
routes: {careful: [groq]}
users: {maria: groq/x, jo: careful, ada: [groq/y]}
""")
    assert settings.users == {"maria": "user:maria", "jo": "careful", "ada": "user:ada"}
    assert chain(settings, "user:maria") == [("groq/x", 1), ("ollama", 2)]
    assert chain(settings, "user:ada") == [("groq/y", 1)]


def test_the_four_places_of_a_chain_have_names(load: Load) -> None:
    settings = load(
        "providers: {ollama: {}, vllm: {}, localai: {}, lmstudio: {}}\nroutes: {r: [ollama, vllm, localai, lmstudio]}"
    )
    assert [link.role for link in settings.routes["r"].chain] == ["primary", "secondary", "tertiary", "final"]


def test_what_cannot_be_used_is_left_out_with_a_warning(load: Load) -> None:
    settings = load("""mode: offline
providers: {ollama: {}, vllm: {enabled: false}, google: {enabled: true, model: m}}
routes:
  r: [vllm, google, ollama, ollama]
""")
    assert chain(settings, "r") == [("ollama", 1)]
    assert [str(warning) for warning in settings.warnings if "routes" in str(warning)] == [
        "4: routes.r[0]: vllm is not used: vllm is not enabled",
        "4: routes.r[1]: google is not used: mode offline: it does not run on our machines",
        "4: routes.r[3]: stands in the chain twice; the second has no effect",
    ]


def test_a_chain_of_one_target_goes_on_with_its_fallbacks(load: Load) -> None:
    settings = load("""
providers:
  ollama: {fallback_provider: vllm}
  vllm: {fallback_provider: groq}
  groq: {default_model: m}
routes: {one: ollama/x, two: [ollama, groq]}
""")
    assert chain(settings, "one") == [("ollama/x", 1), ("vllm", 2), ("groq", 3)]
    assert chain(settings, "two") == [("ollama", 1), ("groq", 2)]


def test_lanes_and_task_types_take_routes_by_any_of_their_names(load: Load) -> None:
    settings = load("""
providers: {ollama: {}, groq: {default_model: m}}
routes: {bulk: [groq]}
task_types: {release-notes: {aliases: [Change_Log]}}
lanes:
  Bug_Analysis: bulk
  test-generation.Very_Complex: groq/big
  change-log: [ollama, groq]
""")
    assert settings.lanes == {
        "bug-detection": "bulk",
        "test-generation.very-complex": "lane:test-generation.very-complex",
        "release-notes": "lane:release-notes",
    }
    assert chain(settings, "lane:test-generation.very-complex") == [("groq/big", 1)]
    directory = settings.directory()
    assert directory.task_type("change_log") == "release-notes"
    assert "release-notes" in directory.task_types


@pytest.mark.parametrize(
    ("said", "targets"),
    [
        pytest.param("bulk", ["groq"], id="a route"),
        pytest.param("groq/x", ["groq/x", "ollama"], id="a model, then the default route"),
        pytest.param("[groq/x]", ["groq/x"], id="a chain of one is only that"),
        pytest.param("[groq/x, groq]", ["groq/x", "groq"], id="a chain"),
        pytest.param("{chain: [groq], mode: any}", ["groq"], id="a whole route"),
        pytest.param("vllm/x", ["ollama", "groq"], id="a model that cannot be used leaves the default route"),
    ],
)
def test_an_agent_has_a_route_a_model_or_a_chain(said: str, targets: list[str], load: Load) -> None:
    settings = load(f"""
providers: {{ollama: {{priority: 1}}, groq: {{priority: 2, default_model: m}}, vllm: {{enabled: false}}}}
routes: {{bulk: [groq]}}
agents: {{SWE Agent: {said}}}
""")
    assert [target for target, _ in chain(settings, settings.agents["SWE Agent"])] == targets


def test_a_placeholder_in_an_agents_map_is_a_warning_and_the_agent_has_no_route(load: Load) -> None:
    settings = load("providers: {ollama: {}}\nagents: {A: creative-tuned-model, B: together/x}")
    assert settings.agents == {}
    assert [str(warning) for warning in settings.warnings] == [
        "2: agents.A: 'creative-tuned-model' is a placeholder, not a model; name one that exists",
        "2: agents.B: 'together' is not among the configured providers; configured: ollama",
    ]
