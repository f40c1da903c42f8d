import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from workfleet.routing.complexity import WEIGHTS
from workfleet.tasks.errors import InvalidRequest, UnknownName
from workfleet.workers.cli.main import app
from workfleet.workers.cli.route import MEANINGS

CONFIGURATION = """
providers:
  ollama:
    default_model: "llama3.2:3b"
  vllm:
    base_url: http://127.0.0.1:8000/v1
    models:
      - {name: small, context_tokens: 16}
routes:
  default: [vllm/small, ollama]
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working directory, and an environment that names no provider."""
    monkeypatch.chdir(tmp_path)
    for name in ("FLEET_CONFIG", "MODEL_PROVIDER", "GROQ_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def explain(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, ["route", "explain", *arguments], input=stdin)


def explained(*arguments: str, stdin: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(explain(*arguments, "--json", stdin=stdin).stdout)
    return found


def test_a_prompt_gets_a_score_a_lane_and_features_that_add_up() -> None:
    lines = explain("Write tests for def add(a, b): return a + b", "-t", "test_generation").stdout.splitlines()
    assert lines[0] == "complexity 1 of 10, simple: a cheap model's first answer fails in about 4%"
    assert lines[1] == "lane test-generation.simple"
    assert [line.split()[:4] for line in lines if line.startswith(("baseline", "words"))] == [
        ["baseline", "1.00", "-4.50", "-4.50"],
        ["words", "3.17", "+0.35", "+1.11"],
    ]
    assert lines[-1].startswith("No configuration was found")


def test_programs_get_one_object() -> None:
    found = explained("hi")
    assert (found["score"], found["band"], found["lane"], found["route"]) == (1, "simple", "general.simple", None)
    assert found["features"][1] == {"name": "words", "value": 1.0, "weight": 0.35, "contribution": 0.35}


def test_the_chain_of_the_lane_is_shown_with_who_cannot_take_the_prompt() -> None:
    Path("fleet.yaml").write_text(CONFIGURATION)
    assert explained("one two three " * 20)["route"] == {
        "name": "default",
        "strategy": "priority",
        "mode": "any",
        "chain": [
            {
                "target": "vllm/small",
                "role": "primary",
                "priority": 1,
                "skipped": "about 62 tokens do not fit its context of 16",
                "quality": None,
                "cost_usd": 0.0,
                "remarks": [],
            },
            {
                "target": "ollama/llama3.2:3b",
                "role": "secondary",
                "priority": 2,
                "skipped": None,
                "quality": 0.25,
                "cost_usd": 0.0,
                "remarks": [],
            },
        ],
    }
    lines = explain("hi").stdout.splitlines()
    assert lines[-2:] == [
        "1         vllm/small          primary    -        $0.0000    may take the job",
        "2         ollama/llama3.2:3b  secondary  0.25     $0.0000    may take the job",
    ]


def test_a_prompt_comes_from_a_file_or_from_standard_input() -> None:
    Path("prompt.md").write_text("hi there")
    assert explained("-f", "prompt.md") == explained("-", stdin="hi there") == explained("hi there")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "give one prompt"),
        (["hi", "-f", "prompt.md"], "give one prompt"),
        (["-f", "missing.md"], r"cannot read missing\.md: No such file"),
        (["-f", "latin1.txt"], r"latin1\.txt is not UTF-8 text"),
        (["hi", "-t", "cooking"], "unknown task type 'cooking'; known: analytical, "),
    ],
    ids=["no prompt", "two prompts", "a missing file", "no text", "an unknown task type"],
)
def test_a_users_mistake_is_said_in_one_line(arguments: list[str], complaint: str) -> None:
    Path("latin1.txt").write_bytes(b"caf\xe9")
    failed = explain(*arguments).exception
    assert isinstance(failed, InvalidRequest | UnknownName)
    with pytest.raises(InvalidRequest, match=complaint):
        raise failed


def test_every_feature_has_a_meaning() -> None:
    assert list(MEANINGS) == list(WEIGHTS)
