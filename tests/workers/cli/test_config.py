import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from workfleet.workers.cli import main as cli

Run = Callable[..., tuple[int, str, str]]

GOOD = """\
providers:
  ollama: {priority: 1, default_model: qwen3-coder:30b}
  groq: {priority: 2, default_model: llama, limits: {requestsPerDay: 14400, per: model}}
  google: {enabled: true, api_key: x, model: gemini}
  vllm: {enabled: false}
breaker: {failures: 9}
routes: {bulk: [ollama]}
agents: {SWE Agent: groq/coder}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `fleet` in an empty folder with one key in the environment: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    for name in ("FLEET_CONFIG", "FLEET_REDIS_URL", "MODEL_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GROQ_API_KEY", "hidden-key")

    def fleet(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["fleet", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return fleet


def test_a_good_configuration_is_told_provider_by_provider(run: Run) -> None:
    Path("fleet.yaml").write_text(GOOD)
    code, out, err = run("config", "validate")
    assert code == 0
    assert "groq\n    state      hosted, 16 slots, priority 2\n" in out
    assert (
        "    key        found in GROQ_API_KEY\n    models     llama\n    limits     14,400 requests a day, per model\n"
        in out
    )
    assert (
        "\n    breaker    opens at 9 failures in a row within 60 s or 50% of 10 calls or more; rests for 30 s," in out
    )
    assert "google\n    state      hosted, 16 slots, priority 100\n" in out
    assert "vllm\n    state      disabled\n" in out
    assert (
        "route default\n    targets    ollama, groq, google\n    strategy   priority\n    taken by   everything else\n"
        in out
    )
    assert "route agent:SWE Agent\n    targets    groq/coder, ollama, google\n" in out
    assert out.endswith("valid; 3 of 4 providers get jobs\n")
    key = "providers.google.api_key: the key stands in the file; better ${GOOGLE_AI_API_KEY} and the environment"
    assert err.splitlines() == [
        f"warning: fleet.yaml:4: {key}",
    ]
    assert "hidden-key" not in out + err


def test_programs_get_the_same_as_json(run: Run) -> None:
    Path("fleet.yaml").write_text(GOOD)
    code, out, _ = run("config", "validate", "--json")
    report = json.loads(out)
    assert (code, report["valid"], report["source"]) == (0, True, "fleet.yaml")
    groq = next(provider for provider in report["providers"] if provider["name"] == "groq")
    assert groq == {
        "name": "groq",
        "type": "groq",
        "enabled": True,
        "usable": True,
        "why_not": None,
        "tier": "hosted",
        "priority": 2,
        "endpoints": ["https://api.groq.com/openai/v1"],
        "key_found": True,
        "key_from": "GROQ_API_KEY",
        "default_model": "llama",
        "models": ["llama"],
        "slots": 16,
        "limits": {"requests_per_day": 14400, "per": "model"},
        "breaker": {
            "failures": 9,
            "window_s": 60.0,
            "least_calls": 10,
            "share": 0.5,
            "cool_off_s": 30.0,
            "max_cool_off_s": 300.0,
            "successes": 1,
        },
    }
    assert report["routes"]["bulk"]["chain"] == ["ollama"]
    assert report["agents"] == {"SWE Agent": "agent:SWE Agent"}
    assert [warning["line"] for warning in report["warnings"]] == [4]


def test_a_bad_one_ends_in_its_mistakes_and_code_2(run: Run) -> None:
    Path("bad.yaml").write_text("mode: fastt\nproviders:\n  ollama: {prioritty: 1}\n")
    code, out, err = run("config", "validate", "bad.yaml")
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "error: bad.yaml:1: mode: 'fastt' is unknown; known: any, free_only, hosted, local_first, offline",
        "bad.yaml:3: providers.ollama.prioritty: unknown field 'prioritty'; did you mean 'priority'?",
    ]


def test_its_mistakes_as_json(run: Run) -> None:
    Path("bad.yaml").write_text("mode: any\nmode: any\n")
    code, out, _ = run("config", "validate", "bad.yaml", "--json")
    assert code == 2
    assert json.loads(out) == {
        "valid": False,
        "source": "bad.yaml",
        "errors": [
            {
                "message": "the field 'mode' stands here twice (first in line 1)",
                "field": "mode",
                "line": 2,
                "column": None,
                "source": None,
            }
        ],
    }


@pytest.mark.parametrize("command", ["validate", "show"])
def test_where_there_is_none_the_next_step_is_named(command: str, run: Run) -> None:
    code, out, err = run("config", command)
    assert (code, out) == (2, "")
    assert "no configuration here: looked for fleet.yaml, " in err
    assert "`fleet init` writes one" in err


@pytest.mark.parametrize("named", [["good.yaml"], ["--config", "good.yaml"], ["-c", "good.yaml"]])
def test_the_file_is_named_as_with_every_other_command_or_alone(named: list[str], run: Run) -> None:
    Path("good.yaml").write_text(GOOD)
    code, out, _ = run("config", "validate", *named)
    assert (code, out.partition(":")[0]) == (0, "good.yaml")
    assert run("config", "show", *named)[0] == 0


def test_two_files_are_one_too_many(run: Run) -> None:
    code, _, err = run("config", "validate", "a.yaml", "-c", "b.yaml")
    assert (code, err) == (2, "error: give one file: a.yaml, or --config b.yaml\n")


def test_show_prints_a_fleet_yaml_of_any_form_without_secrets(run: Run) -> None:
    Path("llm_providers.yaml").write_text(
        "providers: {cloud: {groq: {api_key: hidden-too, models: [m], cost_per_1k_input: 0.003}}}"
    )
    code, out, _ = run("config", "show")
    assert code == 0
    assert "hidden" not in out
    assert yaml.safe_load(out)["providers"]["groq"]["prices"] == {"input_usd_per_mtok": 3.0}
