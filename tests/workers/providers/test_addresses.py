import pytest

from workfleet.workers.providers.addresses import url_of
from workfleet.workers.providers.rows import ROWS


@pytest.mark.parametrize(
    ("row", "base_url", "path", "url"),
    [
        ("vllm", "http://gpu:8000", "chat/completions", "http://gpu:8000/v1/chat/completions"),
        ("vllm", "http://gpu:8000/", "models", "http://gpu:8000/v1/models"),
        ("vllm", "http://gpu:8000/v1", "models", "http://gpu:8000/v1/models"),
        ("vllm", "http://gpu:8000/v1/", "/health", "http://gpu:8000/health"),
        ("vllm", "gpu:8000", "/health", "http://gpu:8000/health"),
        ("groq", "https://api.groq.com/openai/v1", "models", "https://api.groq.com/openai/v1/models"),
        ("openai_compatible", "https://gw/team/llm", "models", "https://gw/team/llm/models"),
        ("ollama", "http://localhost:11434", "/api/chat", "http://localhost:11434/api/chat"),
        ("ollama", "http://localhost:11434/v1", "/api/chat", "http://localhost:11434/api/chat"),
        ("ollama", "http://localhost:11434/api/", "/api/chat", "http://localhost:11434/api/chat"),
        ("ollama", "https://gw/ollama", "/api/chat", "https://gw/ollama/api/chat"),
    ],
)
def test_a_base_url_is_understood_as_people_write_it(row: str, base_url: str, path: str, url: str) -> None:
    assert url_of(ROWS[row], base_url, path) == url
