import pytest

from workfleet.workers.providers.ollama.host import ollama_url


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("gpu:11500", "http://gpu:11500"),
        (":11500", "http://localhost:11500"),
        ("0.0.0.0", "http://localhost:11434"),
        ("0.0.0.0:11500", "http://localhost:11500"),
        ("[::]:11500", "http://localhost:11500"),
        ("[::1]:11500", "http://[::1]:11500"),
        ("http://gpu", "http://gpu:80"),
        ("https://ollama.example", "https://ollama.example:443"),
        ("https://ollama.example:8443/gpu/", "https://ollama.example:8443/gpu"),
        (' "gpu" ', "http://gpu:11434"),
        ("gpu:port", "http://gpu:11434"),
        ("gpu:99999", "http://gpu:11434"),
    ],
)
def test_the_variable_means_what_ollama_takes_it_for(value: str, url: str) -> None:
    assert ollama_url(value) == url
