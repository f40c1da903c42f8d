import pytest

from workfleet.workers.settings.dictionary import respell_provider, respell_top
from workfleet.workers.settings.problems import Findings
from workfleet.workers.settings.reader import read_text
from workfleet.workers.settings.tree import plain


def provider(text: str) -> tuple[object, list[str]]:
    findings = Findings()
    node = respell_provider(read_text(text, "x"), findings)
    return plain(node), [problem.message for problem in (*findings.errors, *findings.warnings)]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        pytest.param(
            "{apiKey: k, baseUrl: u, defaultModel: m}",
            {"api_key": "k", "base_url": "u", "default_model": "m"},
            id="camelCase",
        ),
        pytest.param(
            "{api-key: k, API_KEY_ENV: e}", {"api_key": "k", "api_key_env": "e"}, id="kebab-case and capitals"
        ),
        pytest.param(
            "{model: m, apiUrl: u, provider: groq}",
            {"default_model": "m", "base_url": "u", "type": "groq"},
            id="other words",
        ),
        pytest.param(
            "limits: {requestsPerDay: 50, tpm: 6000}",
            {"limits": {"requests_per_day": 50, "tokens_per_minute": 6000}},
            id="limits",
        ),
        pytest.param(
            "healthCheck: {intervalMs: 60000, timeout_ms: 500}",
            {"health_check": {"interval_s": 60.0, "timeout_s": 0.5}},
            id="ms",
        ),
        pytest.param("timeout_seconds: 30", {"timeouts": {"total_s": 30}}, id="one timeout is the total"),
        pytest.param(
            "costPer1MTokens: {input: 3, output: 15}",
            {"prices": {"input_usd_per_mtok": 3, "output_usd_per_mtok": 15}},
            id="price per 1M",
        ),
        pytest.param(
            "{cost_per_1k_input: 0.003, cost_per_1k_output: '0.015'}",
            {"prices": {"input_usd_per_mtok": 3.0, "output_usd_per_mtok": 15.0}},
            id="price per 1k",
        ),
        pytest.param(
            "models: [{id: a, contextLength: 9, rateLimits: 1}]",
            {"models": [{"name": "a", "context_tokens": 9}]},
            id="models, unknown field dropped",
        ),
    ],
)
def test_every_spelling_of_a_field_is_the_same_field(text: str, result: object) -> None:
    assert provider(text)[0] == result


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("prioritty: 1", "unknown field 'prioritty'; did you mean 'priority'?", id="close to a known one"),
        pytest.param(
            "fallbackProvder: x",
            "unknown field 'fallbackProvder'; did you mean 'fallbackProvider'?",
            id="in the file's style",
        ),
        pytest.param("timeout: 30", "unknown field 'timeout'; did you mean 'timeouts'?", id="no unit, no guess"),
        pytest.param(
            "limits: {rps: 3}",
            "unknown field 'rps'; known: concurrency, per, requests_per_day, requests_per_minute, "
            "requests_per_month, resets, tokens_per_day, tokens_per_minute, tokens_per_month, usd_per_day, "
            "usd_per_month",
            id="close to none",
        ),
        pytest.param("{model: a, default_model: b}", "says the same as 'model'; keep one of them", id="said twice"),
        pytest.param(
            "temperature: 0.7", "has no effect: each job says it for itself", id="known elsewhere, without effect here"
        ),
    ],
)
def test_a_field_that_means_nothing_here_is_named(text: str, message: str) -> None:
    assert provider(text)[1] == [message]


def test_top_fields_routes_and_links_are_respelled_too() -> None:
    findings = Findings()
    text = """
spillAfterMs: 2000
taskTypes: {x: {timeoutSeconds: 3}}
routes: {r: {targets: [{target: a, Role: b}]}}
fallbackChains: {A: [b]}
"""
    node = respell_top(read_text(text, "x"), findings)
    assert plain(node) == {
        "spill_after_s": 2.0,
        "task_types": {"x": {"timeout_s": 3}},
        "routes": {"r": {"chain": [{"target": "a", "role": "b"}]}},
        "agents": {"A": ["b"]},
    }
    assert findings == Findings()
