"""`fleet` as a whole."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workfleet.workers.cli.commands import COMMANDS
from workfleet.workers.cli.main import app


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help_of_its_own(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"])
    assert (shown.exit_code, shown.output.split()[:3]) == (0, ["Usage:", "fleet", name])


@pytest.mark.parametrize("name", COMMANDS)
def test_what_the_list_of_commands_says_of_one_is_the_beginning_of_its_own_help(name: str) -> None:
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    assert f" {COMMANDS[name].summary} " in shown.output


def test_a_mistyped_command_is_answered_with_those_that_were_meant() -> None:
    shown = CliRunner().invoke(app, ["bach"])
    assert (shown.exit_code, "Did you mean 'batch', 'bench'?" in shown.output) == (2, True)


def test_the_version_is_the_installed_packages() -> None:
    shown = CliRunner().invoke(app, ["--version"])
    assert (shown.exit_code, shown.output) == (0, f"workfleet {version('workfleet')}\n")


@pytest.mark.parametrize("words", [["job", "--help"], ["--help"]], ids=" ".join)
def test_a_command_imports_nothing_of_the_others(words: list[str]) -> None:
    look = (
        "import sys, typer.testing; from workfleet.workers.cli.main import app\n"
        f"typer.testing.CliRunner().invoke(app, {words})\n"
        "print(sorted({name.split('.')[2] for name in sys.modules if name.startswith('workfleet.workers.')}))"
    )
    shown = subprocess.run([sys.executable, "-P", "-c", look], capture_output=True, text=True, check=True)
    for other in ("simulator", "bench", "dashboard", "pool", "testgen"):
        assert f"'{other}'" not in shown.stdout


def test_offline_a_hosted_provider_is_not_even_asked_whether_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLEET_MODE", "any")
    file = tmp_path / "fleet.yaml"
    file.write_text("providers: {groq: {api_key: k, default_model: m, base_url: 'https://api.example'}}")
    shown = CliRunner().invoke(app, ["--offline", "providers", "test", "groq", "--json", "--config", str(file)])
    (answer,) = json.loads(shown.stdout)
    assert (shown.exit_code, answer["healthy"]) == (3, False)
    assert answer["error"] == "transport: offline: no connection to api.example is made"
