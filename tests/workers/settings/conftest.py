"""What the tests of the configuration share."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from workfleet.workers.settings import Settings, SettingsError, load_settings

#: Keys for every hosted provider that the tests name.
KEYS: Mapping[str, str] = {
    "GROQ_API_KEY": "groq-key",
    "OPENROUTER_API_KEY": "openrouter-key",
    "OPENAI_API_KEY": "openai-key",
    "ANTHROPIC_API_KEY": "anthropic-key",
    "GOOGLE_AI_API_KEY": "google-key",
}

Load = Callable[..., Settings]
Refusals = Callable[..., list[str]]


@pytest.fixture
def keys() -> dict[str, str]:
    return dict(KEYS)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load a text as fleet.yaml with all keys in the environment; keywords add variables or, as None, remove them."""

    def load_text(text: str, **variables: str | None) -> Settings:
        file = tmp_path / "fleet.yaml"
        file.write_text(text, encoding="utf-8")
        merged = {**KEYS, **variables}
        return load_settings(
            file, env={name: value for name, value in merged.items() if value is not None}, directory=tmp_path
        )

    return load_text


@pytest.fixture
def refusals(load: Load, tmp_path: Path) -> Refusals:
    """What is wrong with a text, each as `line: field: message`."""

    def refuse(text: str, **variables: str | None) -> list[str]:
        with pytest.raises(SettingsError) as caught:
            load(text, **variables)
        prefix = f"{tmp_path / 'fleet.yaml'}:"
        return [line.removeprefix(prefix) for line in str(caught.value).splitlines()]

    return refuse
