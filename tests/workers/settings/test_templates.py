"""The chain `agent_default`: four stages with their roles, filled by the providers at hand."""

from collections.abc import Callable

import pytest

from workfleet.workers.settings import Settings

Load = Callable[..., Settings]
Refusals = Callable[..., list[str]]

PROVIDERS = """
providers:
  anthropic: {default_model: claude-opus-4-5}
  groq: {default_model: llama-3.3-70b-versatile}
  openai: {default_model: gpt-5}
  google: {default_model: gemini-2.5-flash}
  openrouter: {default_model: vendor/dear, prices: {input_usd_per_mtok: 30, output_usd_per_mtok: 90}}
"""
FOUR = [
    ("primary", "anthropic"),
    ("secondary", "google"),
    ("tertiary", "groq"),
    ("final", "openai/gpt-4.1"),
]


def stages(settings: Settings, route: str) -> list[tuple[str | None, str]]:
    return [(link.role, str(link)) for link in settings.routes[route].chain]


def told(settings: Settings) -> list[str]:
    return [problem.message for problem in settings.warnings if "agent_default" in problem.message]


def test_the_stages_are_the_first_choice_the_cheapest_the_fastest_and_the_baseline(load: Load) -> None:
    settings = load(f"{PROVIDERS}\nroutes: {{careful: agent_default}}")
    assert stages(settings, "careful") == FOUR
    assert [link.priority for link in settings.routes["careful"].chain] == [1, 2, 3, 4]
    assert told(settings) == []


@pytest.mark.parametrize(
    ("said", "route"),
    [
        ("lanes: {code-review: agent_default}", "lane:code-review"),
        ("agents: {reviewer: agent_default}", "agent:reviewer"),
        ("agents: {'*': agent_default}", "agent:*"),
        ("agents: {reviewer: {template: agent_default, strategy: cost_based}}", "agent:reviewer"),
    ],
    ids=["a task type", "an agent", "every agent without a chain", "beside other fields"],
)
def test_it_is_named_wherever_a_route_is(load: Load, said: str, route: str) -> None:
    assert stages(load(f"{PROVIDERS}\n{said}"), route) == FOUR


def test_the_model_of_an_agent_is_the_primary_where_agents_without_a_chain_take_the_template(load: Load) -> None:
    settings = load(
        f"{PROVIDERS}\nagents: {{'*': agent_default, swe: anthropic/claude-sonnet-4-5, own: [groq, google]}}"
    )
    assert stages(settings, "agent:swe") == [("primary", "anthropic/claude-sonnet-4-5"), *FOUR[1:]]
    assert stages(settings, "agent:own") == [("primary", "groq"), ("secondary", "google")]
    directory = settings.directory()
    found = directory.route_of_agent("anybody")
    assert found == settings.routes["agent:*"]


def test_each_stage_may_be_named(load: Load) -> None:
    settings = load(f"""{PROVIDERS}
routes:
  default: [openai, anthropic]
  mine:
    {{template: agent_default, primary: google/gemini-2.5-pro, secondary: openrouter, tertiary: openai, final: groq/x}}
  rest: {{template: agent_default, final: anthropic}}
lanes: {{refactoring: agent_default}}
""")
    assert stages(settings, "mine") == [
        ("primary", "google/gemini-2.5-pro"),
        ("secondary", "openrouter"),
        ("tertiary", "openai"),
        ("final", "groq/x"),
    ]
    assert stages(settings, "rest")[2:] == [("tertiary", "groq")]
    assert stages(settings, "lane:refactoring") == [("primary", "openai"), *FOUR[1:]]


def test_a_stage_that_nobody_can_fill_is_left_out_and_named_and_the_others_keep_their_roles(load: Load) -> None:
    settings = load("providers: {anthropic: {default_model: m}}\nagents: {a: agent_default}")
    assert stages(settings, "agent:a") == [("primary", "anthropic")]
    assert told(settings) == [
        f"agent_default has no {stage}: {why}; name one as `{stage}:`"
        for stage, why in {
            "secondary": "of no other provider that can be used is the price known",
            "tertiary": "no provider of type groq can be used",
            "final": "neither OpenAI nor a gateway can be used for openai/gpt-4.1",
        }.items()
    ]
    without_groq = load(PROVIDERS.replace("groq: {", "groq: {enabled: false, ") + "agents: {a: agent_default}")
    assert [role for role, _ in stages(without_groq, "agent:a")] == ["primary", "secondary", "final"]


def test_the_baseline_is_asked_through_a_gateway_where_openai_is_not_at_hand(load: Load) -> None:
    settings = load(
        "providers: {openrouter: {default_model: a/b}, groq: {default_model: m}}\nroutes: {r: agent_default}"
    )
    assert stages(settings, "r")[-1] == ("final", "openrouter/openai/gpt-4.1")


def test_a_server_of_ones_own_is_the_cheapest(load: Load) -> None:
    settings = load(f"{PROVIDERS}  vllm: {{priority: 900}}\nroutes: {{r: agent_default}}")
    assert stages(settings, "r")[1] == ("secondary", "vllm")


def test_a_mode_limits_a_template_as_any_chain(load: Load) -> None:
    settings = load(f"mode: free_only\n{PROVIDERS}  ollama: {{}}\nroutes: {{r: agent_default}}")
    assert all(settings.providers[link.provider].tier != "hosted" for link in settings.routes["r"].chain)


def test_a_wrong_template_is_named_with_its_remedy(refusals: Refusals) -> None:
    assert refusals("providers: {ollama: {}}\nroutes: {r: {template: agent_defualt}}") == [
        "2: routes.r.template: 'agent_defualt' is no template; did you mean 'agent_default'?"
    ]
    assert refusals("providers: {ollama: {}}\nroutes: {r: {template: agent_default, chain: [ollama]}}") == [
        "2: routes.r.chain: stands beside a template, which makes the chain; remove one of them"
    ]
    assert refusals("providers: {ollama: {}}\nroutes: {r: {chain: [ollama], primary: ollama}}") == [
        "2: routes.r.primary: is a stage of a template; add `template: agent_default`"
    ]
