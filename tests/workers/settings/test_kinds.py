"""The lists that must agree: rows, aliases, and what the requirements say a configuration may name."""

import pytest

from workfleet.workers.settings.kinds import kind_of, known_kinds


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ollama", "ollama"),
        ("vllm", "vllm"),
        ("lmstudio", "lmstudio"),
        ("lm_studio", "lmstudio"),
        ("LM-Studio", "lmstudio"),
        ("localai", "localai"),
        ("local", "llamacpp"),
        ("ruvllm", "ruvllm"),
        ("ruvector", "ruvllm"),
        ("anthropic", "anthropic"),
        ("claude", "anthropic"),
        ("openai", "openai"),
        ("azure", "azure"),
        ("azure_openai", "azure"),
        ("google", "google"),
        ("gemini", "google"),
        ("google_ai_studio", "google"),
        ("cohere", "cohere"),
        ("groq", "groq"),
        ("openrouter", "openrouter"),
        ("together", "together"),
        ("together_ai", "together"),
        ("openai_compatible", "openai_compatible"),
        ("openai_compat", "openai_compatible"),
        ("custom", "openai_compatible"),
    ],
)
def test_every_name_that_documents_use_is_a_type(name: str, kind: str) -> None:
    found = kind_of(name)
    assert found is not None
    assert found.name == kind


def test_what_is_listed_as_known_is_known() -> None:
    assert [name for name in known_kinds() if kind_of(name) is None] == []


def test_a_name_that_nobody_uses_is_no_type() -> None:
    assert kind_of("grok") is None
