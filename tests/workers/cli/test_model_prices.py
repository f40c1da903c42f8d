"""`fleet models prices`: whose price each configured model has."""

import json
from pathlib import Path

import pytest
from genai_prices import __version__
from typer.testing import CliRunner

from workfleet.tasks.errors import ConfigurationError
from workfleet.workers.cli.main import app

CONFIG = """
providers:
  ollama: {default_model: llama3.2}
  groq: {models: [llama-3.3-70b-versatile], prices: {output: 2}}
  openai: {models: [gpt-4o, of-my-own]}
"""


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GROQ_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, "a-key")


def test_each_model_has_a_price_or_none_is_known(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(CONFIG)
    result = CliRunner().invoke(app, ["models", "prices", "--json", "--config", str(file)])
    names = ("model", "input_usd_per_mtok", "output_usd_per_mtok", "price_version")
    assert [tuple(each[name] for name in names) for each in json.loads(result.output)] == [
        ("llama3.2", 0.0, 0.0, "local"),
        ("llama-3.3-70b-versatile", 0.59, 2.0, "configuration"),
        ("gpt-4o", 2.5, 10.0, f"genai-prices {__version__}"),
        ("of-my-own", None, None, None),
    ]


@pytest.mark.parametrize(("text", "said"), [("{", ":1: not JSON"), ("[1]", ":1: must be an object")])
def test_a_file_of_something_else_is_refused_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "receipts.jsonl"
    file.write_text(text)
    result = CliRunner().invoke(app, ["models", "prices", "--receipts", str(file)])
    assert isinstance(result.exception, ConfigurationError)
    assert said in str(result.exception)
