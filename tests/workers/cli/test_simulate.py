import json
import re
import signal
import subprocess
import urllib.request

import pytest
from typer.testing import CliRunner

from workfleet.tasks.errors import ConfigurationError, InvalidRequest
from workfleet.workers.cli import console
from workfleet.workers.cli.simulate import simulate_app
from workfleet.workers.simulator import Settings
from workfleet.workers.simulator.faults.catalogue import CATALOGUE

from .simulating import COMMAND, running


def got(url: str) -> object:
    with urllib.request.urlopen(url, timeout=10) as response:
        return json.load(response)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_ends_cleanly(number: signal.Signals) -> None:
    with running() as (url, process):
        assert got(f"{url}/v1/models")
        process.send_signal(number)
        _, log = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "served 1 requests, 0 over the limits, 0 aborted by clients" in log
    assert "Traceback" not in log


def test_settings_and_faults_are_options() -> None:
    options = ["--latency", "lognormal:0.01,0.5", "--rpm", "30", "--flavour", "groq", "--model", "a", "--model", "b"]
    with running(*options, "--strict-models", "--api-key", "secret", "--fault", "http-500:rate=0.5") as (url, process):
        settings = got(f"{url}/_sim/settings")
        assert settings == Settings.model_validate(
            {
                "latency_s": "lognormal:0.01,0.5",
                "rpm": 30,
                "flavour": "groq",
                "models": ("a", "b"),
                "strict_models": True,
                "api_key": "secret",
            }
        ).model_dump(mode="json")
        process.terminate()
        _, log = process.communicate(timeout=10)
    assert "faults: http-500:rate=0.5" in log
    assert "secret" not in log


def test_every_setting_is_an_option() -> None:
    shown = CliRunner().invoke(simulate_app, ["--help"], env={"COLUMNS": "200"}).output
    flags = {name: "--" + name.removesuffix("_s").replace("_", "-") for name in Settings.model_fields} | {
        "models": "--model"
    }
    assert [name for name, flag in flags.items() if not re.search(rf"{flag}\b", shown)] == []


def test_the_catalogue_is_listed_as_json_and_as_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = json.loads(CliRunner().invoke(simulate_app, ["faults", "--json"]).output)
    assert {row["name"] for row in rows} == set(CATALOGUE)
    assert [int(row["row"][1:]) for row in rows] == sorted(int(row["row"][1:]) for row in rows)
    monkeypatch.setattr(console.out, "width", 200)
    table = CliRunner().invoke(simulate_app, ["faults"]).output
    assert [name for name in CATALOGUE if name not in table] == []


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        (["--latency", "fast"], ConfigurationError, "latency_s: 'fast' is neither a number"),
        (["--rpm", "0"], ConfigurationError, "rpm: Input should be greater than or equal to 1"),
        (["--fault", "explode"], InvalidRequest, "unknown fault 'explode'; known: "),
        (["--address", "nowhere.invalid"], ConfigurationError, "cannot listen on 'nowhere.invalid'"),
    ],
)
def test_a_mistake_is_one_line(options: list[str], error: type[Exception], says: str) -> None:
    failed = CliRunner().invoke(simulate_app, options).exception
    assert isinstance(failed, error)
    assert str(failed).startswith(says)


def test_a_port_in_use_ends_it_with_one_line_and_no_traceback() -> None:
    with running() as (url, _):
        port = url.rsplit(":", 1)[1]
        second = subprocess.run([*COMMAND[:-1], port], capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == ConfigurationError.exit_code
    assert second.stdout == ""
    assert second.stderr.splitlines() == [
        f"error: port {port} on 127.0.0.1 is in use; choose another with --port, or --port 0 for a free one"
    ]
