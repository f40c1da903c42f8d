"""What bad input gets: file, line, field, what is wrong, and the fix; everything at once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workfleet.workers.settings import Problem, Settings, SettingsError

Refusals = Callable[..., list[str]]

OLLAMA = "providers:\n  ollama:\n"


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        pytest.param(
            "providers:\n  groq:\n    prioritty: 1\n    default_model: m",
            "3: providers.groq.prioritty: unknown field 'prioritty'; did you mean 'priority'?",
            id="typo in a field",
        ),
        pytest.param(
            "provders: {groq: {}}",
            "1: provders: unknown field 'provders'; did you mean 'providers'?",
            id="typo at the top",
        ),
        pytest.param(
            "providers:\n  - type: ollama\n    defaultModle: m",
            "3: providers[0].defaultModle: unknown field 'defaultModle'; did you mean 'defaultModel'?",
            id="typo in camelCase",
        ),
        pytest.param("mode: locl_first", "1: mode: 'locl_first' is unknown; did you mean 'local_first'?", id="mode"),
        pytest.param(
            "strategy: fastest",
            "1: strategy: 'fastest' is unknown; known: balanced, cost_based, latency_based, least_loaded, priority, "
            "quality, round_robin",
            id="strategy",
        ),
        pytest.param("spill_after_s: soon", "1: spill_after_s: must be a number, not 'soon'", id="number"),
        pytest.param("retry:\n  max_attempts: 0", "2: retry.max_attempts: must be at least 1, not 0", id="bound"),
        pytest.param("routes: [a]", "1: routes: must be a mapping of names to what they mean", id="a list of routes"),
        pytest.param(
            "providers: 7", "1: providers: must be a mapping of providers by name, or a list of them", id="providers"
        ),
        pytest.param(
            "providers:\n  groq: 5",
            "2: providers.groq: must be a mapping of fields, such as `api_key:`",
            id="a provider",
        ),
        pytest.param(
            "providers:\n  grok: {}",
            "2: providers.grok: 'grok' is no type of provider; did you mean 'groq'?",
            id="type, close",
        ),
        pytest.param(
            OLLAMA + "    priority: high",
            "3: providers.ollama.priority: must be a whole number, not 'high'",
            id="priority is a word",
        ),
        pytest.param(
            OLLAMA + "    slots: 1.5", "3: providers.ollama.slots: must be a whole number, not 1.5", id="half a slot"
        ),
        pytest.param(
            OLLAMA + "    enabled: maybe",
            "3: providers.ollama.enabled: must be true or false, not 'maybe'",
            id="switch",
        ),
        pytest.param(
            OLLAMA + "    default_model: 4",
            "3: providers.ollama.default_model: must be text in quotes, not 4",
            id="text",
        ),
        pytest.param(
            OLLAMA + "    limits: {rpm: -3}",
            "3: providers.ollama.limits.rpm: must be at least 1, not -3",
            id="the file's own word for a limit",
        ),
        pytest.param(
            OLLAMA + "    prices: {input: .inf}",
            "3: providers.ollama.prices.input: must be a finite number, not inf",
            id="infinity",
        ),
        pytest.param(
            OLLAMA + "    timeouts: {total_s: 0}",
            "3: providers.ollama.timeouts.total_s: must be more than 0, not 0",
            id="no time at all",
        ),
        pytest.param(
            OLLAMA + "    tier: free-tier",
            "3: providers.ollama.tier: 'free-tier' is unknown; known: free, hosted, local",
            id="tier",
        ),
        pytest.param(
            OLLAMA + "    base_url: ftp://host",
            "3: providers.ollama.base_url: must begin with http:// or https://, not ftp://",
            id="scheme",
        ),
        pytest.param(
            OLLAMA + "    model_overrides: {code-reviw: m}",
            "3: providers.ollama.model_overrides.code-reviw: 'code-reviw' is no task type; did you mean 'code-review'?",
            id="task type of an override",
        ),
        pytest.param(
            OLLAMA + '    headers: {X-A: "a\\nb"}',
            "3: providers.ollama.headers.X-A: the header holds a line break or a control character",
            id="header that would inject another",
        ),
        pytest.param(
            "providers:\n  a/b: {type: ollama}",
            "2: providers['a/b']: 'a/b' is no name for a provider; use letters, digits, `-`, `_` and `.`",
            id="a slash in a name",
        ),
        pytest.param(
            "providers:\n  mine: {type: openai_compatible}",
            "2: providers.mine: a provider of type openai_compatible needs its `base_url`",
            id="no base URL",
        ),
        pytest.param(
            "providers:\n  openrouter:\n    default_model: creative-tuned-model",
            "3: providers.openrouter.default_model: 'creative-tuned-model' is a placeholder; name a model that exists",
            id="placeholder",
        ),
        pytest.param(
            OLLAMA + "routes:\n  fast: [ollama, olama]",
            "4: routes.fast[1]: 'olama' names no provider and no listed model; did you mean 'ollama'? "
            "providers: ollama",
            id="unknown provider in a chain",
        ),
        pytest.param(
            OLLAMA + "routes:\n  fast: [groq]",
            "4: routes.fast[0]: 'groq' is not among the configured providers; configured: ollama",
            id="a known type that is not configured",
        ),
        pytest.param(
            OLLAMA + "routes: {bulk: [ollama]}\nlanes:\n  general: fast",
            "5: lanes.general: 'fast' names no route, provider or listed model; providers: ollama; "
            "routes: bulk, default",
            id="unknown route",
        ),
        pytest.param(
            OLLAMA + "routes:\n  ollama: [ollama]",
            "4: routes.ollama: 'ollama' is a provider; give the route another name",
            id="route named like a provider",
        ),
        pytest.param(
            OLLAMA + "routes:\n  a: []",
            "4: routes.a: needs a chain: targets in the order in which they are tried",
            id="empty chain",
        ),
        pytest.param(
            OLLAMA + "lanes:\n  test-generation.hard: ollama",
            "4: lanes['test-generation.hard']: 'hard' is no band; known: simple, moderate, complex, very-complex",
            id="band",
        ),
        pytest.param(
            OLLAMA + "lanes:\n  test-generatoin: ollama",
            "4: lanes.test-generatoin: 'test-generatoin' is no task type; did you mean 'test-generation'?",
            id="task type of a lane",
        ),
        pytest.param(
            OLLAMA + "lanes:\n  code-review: ollama\n  code_review: ollama",
            "5: lanes.code_review: the route of code-review is said already",
            id="a lane twice",
        ),
        pytest.param(
            "task_types:\n  x: {judge: jsn}",
            "2: task_types.x.judge: 'jsn' is no judge; did you mean 'json'?",
            id="judge",
        ),
        pytest.param(
            "task_types:\n  x: {aliases: [code-review]}",
            "2: task_types.x: the alias 'code-review' is a task type of its own",
            id="alias",
        ),
        pytest.param(
            "redis_url: localhost:6379",
            "1: redis_url: must begin with redis://, rediss:// or unix://",
            id="Redis without a scheme",
        ),
        pytest.param(
            OLLAMA + "fallback: {max_retries: many}",
            "3: fallback.max_retries: must be a whole number, not 'many'",
            id="fallback block",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_its_field_and_the_fix(text: str, refusal: str, refusals: Refusals) -> None:
    assert refusals(text) == [refusal]


def test_all_mistakes_come_at_once_in_the_order_of_the_lines(refusals: Refusals) -> None:
    text = """\
strategy: random
providers:
  groq:
    slots: 0
    api_key: ${NOWHERE}
    limits: {rpx: 2}
  ollama:
    base_url: ftp://x
routes:
  fast: [groq, olama]
retry: {max_attempts: 0}
"""
    places = [refusal.partition(": ")[0] + ": " + refusal.split(": ")[1] for refusal in refusals(text)]
    assert places == [
        "1: strategy",
        "4: providers.groq.slots",
        "5: providers.groq.api_key",
        "6: providers.groq.limits.rpx",
        "8: providers.ollama.base_url",
        "10: routes.fast[1]",
        "11: retry.max_attempts",
    ]


def test_a_route_is_not_wrong_because_its_provider_is(refusals: Refusals) -> None:
    assert refusals("providers:\n  groq: {slots: 0}\nroutes:\n  fast: [groq]") == [
        "2: providers.groq.slots: must be at least 1, not 0"
    ]


@pytest.mark.parametrize(
    ("links", "circle"),
    [
        pytest.param({"ollama": "ollama"}, "ollama -> ollama", id="itself"),
        pytest.param({"ollama": "vllm", "vllm": "ollama"}, "ollama -> vllm -> ollama", id="two"),
        pytest.param(
            {"ollama": "vllm", "vllm": "lmstudio", "lmstudio": "ollama"},
            "ollama -> vllm -> lmstudio -> ollama",
            id="three",
        ),
        pytest.param(
            {"localai": "ollama", "ollama": "vllm", "vllm": "ollama"},
            "ollama -> vllm -> ollama",
            id="reached from outside",
        ),
    ],
)
def test_a_circle_of_fallbacks_is_shown_once(links: dict[str, str], circle: str, refusals: Refusals) -> None:
    text = "providers:\n" + "".join(
        f"  {name}: {{fallback_provider: {follower}}}\n" for name, follower in links.items()
    )
    (refusal,) = refusals(text)
    assert refusal.endswith(f"fallback_provider: the fallbacks go in a circle: {circle}; remove one of them")


def test_an_unknown_fallback_names_the_close_one(refusals: Refusals) -> None:
    assert refusals("providers:\n  ollama:\n    fallback_provider: vlm\n  vllm:\n") == [
        "3: providers.ollama.fallback_provider: 'vlm' is not among the configured providers; did you mean 'vllm'?"
    ]


def test_no_secret_is_ever_part_of_an_error(refusals: Refusals) -> None:
    text = """\
redis_url: http://user:redis-secret@host
providers:
  groq: {api_key_env: gsk_secret-in-the-wrong-place, default_model: m}
  openai: {api_key: "two words-secret", default_model: m}
  ollama: {base_url: "http://user:url-secret@host", headers: {Authorization: [header-secret]}}
"""
    refused = "\n".join(refusals(text))
    assert refused.count("\n") == 4
    assert "secret" not in refused


def test_an_error_keeps_its_problems_and_prints_like_a_compiler() -> None:
    problems = [Problem("is wrong", "a.b", 3, 7), Problem("not set", source="MODEL_PROVIDER")]
    failed = SettingsError(problems, Path("fleet.yaml"))
    assert failed.problems == tuple(problems)
    assert str(failed) == "fleet.yaml:3:7: a.b: is wrong\nMODEL_PROVIDER: not set"
    assert failed.exit_code == 2


def test_a_warning_is_no_error(load: Callable[..., Settings]) -> None:
    settings = load("providers: {groq: {api_key: literal-key, default_model: m}}")
    assert [warning.message for warning in settings.warnings] == [
        "the key stands in the file; better ${GROQ_API_KEY} and the environment"
    ]
