import pytest

from workfleet.workers.simulator.ask import Operation
from workfleet.workers.simulator.dialects.voices import heard, hint
from workfleet.workers.simulator.settings import DialectName

CHAT, LIST = Operation.CHAT, Operation.LISTING


@pytest.mark.parametrize(
    ("method", "path", "dialect", "flavour", "operation"),
    [
        ("POST", "/v1/chat/completions", "openai", None, CHAT),
        ("POST", "/openai/v1/chat/completions", "openai", None, CHAT),
        ("POST", "/groq/openai/v1/chat/completions", "openai", "groq", CHAT),
        ("POST", "/openrouter/api/v1/chat/completions", "openai", "openrouter", CHAT),
        ("POST", "/openai/deployments/d/chat/completions", "openai", "azure", CHAT),
        ("POST", "/azure/openai/v1/chat/completions", "openai", "azure", CHAT),
        ("POST", "/v1/messages", "anthropic", None, CHAT),
        ("POST", "/anthropic/v1/messages", "anthropic", None, CHAT),
        ("GET", "/anthropic/v1/models", "anthropic", None, LIST),
        ("POST", "/v1beta/models/m:streamGenerateContent", "gemini", None, CHAT),
        ("GET", "/google/v1beta/models", "gemini", None, LIST),
        ("GET", "/v1beta/models", "gemini", None, LIST),
        ("POST", "/v2/chat", "cohere", None, CHAT),
        ("GET", "/cohere/v1/models", "cohere", None, LIST),
        ("POST", "/api/chat", "ollama", None, CHAT),
        ("POST", "/ollama/api/chat", "ollama", None, CHAT),
        ("POST", "/query", "ruvllm", None, CHAT),
        ("GET", "/ruvllm/health", "ruvllm", None, Operation.HEALTH),
        ("GET", "/health", "openai", None, Operation.HEALTH),
        ("GET", "/v1/models", "openai", None, LIST),
        ("GET", "/v1/nothing", "openai", None, None),
        ("GET", "/cohere/v1/nothing", "cohere", None, None),
    ],
)
def test_the_path_says_who_is_asked(
    method: str, path: str, dialect: str, flavour: str | None, operation: Operation | None
) -> None:
    voice = heard(method, path, "", "all")
    assert (voice.dialect.name, voice.flavour, voice.operation) == (dialect, flavour, operation)
    assert (voice.problem is None) is (operation is not None)


@pytest.mark.parametrize(
    ("headers", "query", "dialect", "flavour"),
    [
        ({"anthropic-version": "2023-06-01"}, "", "anthropic", None),
        ({"x-goog-api-key": "k"}, "", "gemini", None),
        ({"api-key": "k"}, "", "openai", "azure"),
        ({}, "page_size=50", "cohere", None),
        ({"Authorization": "Bearer k"}, "", "openai", None),
    ],
)
def test_where_paths_are_alike_what_only_one_client_sends_decides(
    headers: dict[str, str], query: str, dialect: str, flavour: str | None
) -> None:
    voice = heard("GET", "/v1/models", hint(headers, "/v1/models", query), "all")
    assert (voice.dialect.name, voice.flavour) == (dialect, flavour)


@pytest.mark.parametrize("dialect", ["openai", "ollama", "anthropic", "gemini", "cohere", "ruvllm"])
def test_a_simulator_of_one_dialect_speaks_no_other(dialect: DialectName) -> None:
    paths = [
        "/v1/chat/completions",
        "/api/chat",
        "/v1/messages",
        "/v1beta/models/m:generateContent",
        "/v2/chat",
        "/query",
    ]
    voices = [heard("POST", path, "", dialect) for path in paths]
    assert {voice.dialect.name for voice in voices} == {dialect}
    assert sum(voice.operation is CHAT for voice in voices) == 1
