"""`fleet models`: what is offered and known, and which of it somebody wants."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.tasks.errors import UnknownName
from workfleet.workers.cli.main import app


def names(*options: str) -> list[str]:
    result = CliRunner().invoke(app, ["models", "--known", "--json", *options])
    assert result.exit_code == 0, result.output
    return [f"{each['provider']}/{each['model']}" for each in json.loads(result.output)]


@pytest.mark.parametrize(
    ("options", "there", "not_there"),
    [
        (["--provider", "claude"], "anthropic/claude-sonnet-4-20250514", "openrouter/anthropic/claude-sonnet-4"),
        (["--capability", "embedding"], "openai/text-embedding-3-small", "openai/gpt-4o"),
        (["--strength", "test-generation"], "ollama/qwen3-coder:30b", "ollama/llama3.2:3b"),
        (["--min-context", "1000000"], "google/gemini-2.5-flash", "openai/gpt-4o"),
        (["--max-size", "1"], "ollama/qwen2.5:0.5b", "openai/gpt-4o"),
        (["--licence", "apache"], "ollama/devstral-small-2:24b", "ollama/llama3.2:3b"),
        (["--local"], "ollama/tinyllama:1.1b", "groq/llama-3.3-70b-versatile"),
    ],
    ids=["provider", "capability", "strength", "context", "size", "licence", "local"],
)
def test_a_filter_leaves_what_it_asks_for(options: list[str], there: str, not_there: str) -> None:
    found, everything = names(*options), names()
    assert there in found
    assert not_there not in found
    assert {there, not_there} <= set(everything)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--capability", "visoin"], r"unknown capability 'visoin'; known: .*; did you mean 'vision'\?"),
        (["--strength", "poetry"], "unknown strength 'poetry'; known: .*test-generation"),
        (["--provider", "grok"], r"unknown type of provider 'grok'; known: .*; did you mean 'groq'\?"),
    ],
)
def test_a_word_that_nothing_is_called_by_is_named(options: list[str], why: str) -> None:
    result = CliRunner().invoke(app, ["models", "--known", *options])
    assert isinstance(result.exception, UnknownName)
    assert re.fullmatch(why + ".*", str(result.exception))


def test_a_retired_model_is_shown_with_what_takes_its_place() -> None:
    result = CliRunner().invoke(app, ["models", "--known", "--provider", "groq", "--json"])
    found = {each["model"]: (each["retired"], each["replaced_by"]) for each in json.loads(result.output)}
    assert found["qwen-2.5-32b"] == (True, "qwen/qwen3-32b")
    assert found["qwen/qwen3-32b"] == (False, None)


def test_what_a_server_lists_is_shown_with_what_is_known_of_it(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("providers: {vllm: {base_url: 'http://127.0.0.1:1', default_model: m}}")
    result = CliRunner().invoke(app, ["models", "--config", str(file)])
    assert "vllm: transport: " in result.output
    assert result.exit_code == 3


def test_a_program_is_told_too_who_did_not_answer(tmp_path: Path) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text("providers: {vllm: {base_url: 'http://127.0.0.1:1', default_model: m}}")
    result = CliRunner().invoke(app, ["models", "--config", str(file), "--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (3, [])
    assert result.stderr.startswith("vllm: transport: ")
