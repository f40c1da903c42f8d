from urllib.parse import urlsplit

import pytest

from workfleet.workers.providers.rows import ROWS, Row
from workfleet.workers.providers.type_names import ALIASES, canonical_type


@pytest.mark.parametrize(
    ("spelled", "row"),
    [
        ("ollama", "ollama"),
        ("LM_Studio", "lmstudio"),
        ("lm-studio", "lmstudio"),
        ("llama.cpp", "llamacpp"),
        ("openai-compat", "openai_compatible"),
        ("custom", "openai_compatible"),
        ("together_ai", "together"),
        (" Groq ", "groq"),
    ],
)
def test_a_provider_type_is_found_however_it_is_spelled(spelled: str, row: str) -> None:
    assert canonical_type(spelled) == row


def test_an_unknown_provider_type_has_no_row() -> None:
    assert canonical_type("grok-9000") is None


def test_every_alias_names_a_row() -> None:
    assert set(ALIASES.values()) <= set(ROWS)


@pytest.mark.parametrize("row", ROWS.values(), ids=list(ROWS))
def test_hosted_rows_need_a_key_over_https_and_local_rows_neither(row: Row) -> None:
    if row.tier == "local":
        assert (row.self_hosted, row.key_required, urlsplit(row.base_url).hostname) == (True, False, "localhost")
    elif row.base_url is not None:
        assert (row.key_required, bool(row.key_variables), urlsplit(row.base_url).scheme) == (True, True, "https")


def test_rows_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        ROWS["groq"] = ROWS["ollama"]  # type: ignore[index]  # that it is refused is what is tested
