"""What holds for every command of `fleet`, however many there come to be."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from workfleet.workers.cli import main as cli

Ran = tuple[int, str, str]


def leaves(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Each command that does something, by its words; a group may be one itself."""
    if not hasattr(command, "list_commands"):
        yield " ".join(path), command
        return
    if command.invoke_without_command:
        yield " ".join(path), command
    for name in command.list_commands(None):
        yield from leaves(command.get_command(None, name), *path, name)


COMMANDS = dict(leaves(get_command(cli.app)))

#: Without a configuration: what writes one, what simulates providers, what measures on a Redis of its own, and what
#: reads nothing but its file or this machine.
WITHOUT = re.compile(r"init|simulate.*|bench (?!selection).*|route failures|providers (detect|decode)")
#: Go on until they are stopped, or start what they need.
BUSY = re.compile(r"simulate|up|batch run|testgen|init|bench .*|models pull")
ARGUMENTS = {"name": "groq", "input_file": "in.jsonl", "path": "in.py", "settings": "rpm=3", "faults": "http-503"}


def line_of(words: str) -> list[str]:
    """The command with something for all that it demands."""
    line = words.split()
    for each in COMMANDS[words].params:
        value = ARGUMENTS.get(each.name, "1")
        if each.required:
            line += [value] if each.param_type_name == "argument" else [each.opts[0], value]
    return [*line, "hello"] if words in ("submit", "route explain") else line


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Run `fleet` in a folder without a fleet: exit code, output, errors."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").touch()
    (tmp_path / "in.py").write_text("def one():\n    return 1\n")
    for name in ("FLEET_CONFIG", "FLEET_REDIS_URL", "FLEET_STATE", "MODEL_PROVIDER"):
        monkeypatch.delenv(name, raising=False)

    def fleet(*arguments: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["fleet", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return fleet


@pytest.mark.parametrize("words", COMMANDS)
def test_it_is_told_what_it_does_and_shown_by_an_example(words: str) -> None:
    command = COMMANDS[words]
    assert re.search(rf"^  (.*[ |])?fleet {words}( |$)", command.help, re.MULTILINE), command.help
    assert [each.name for each in command.params if not each.help] == []


def examples() -> list[str]:
    return [line.strip() for each in COMMANDS.values() for line in each.help.splitlines() if line.startswith("  ")]


@pytest.mark.parametrize("line", sorted({line for line in examples() if re.search(r"\bfleet ", line)}))
def test_every_example_is_a_command_that_there_is(line: str) -> None:
    words = shlex.split(line[line.index("fleet ") :].partition(" | ")[0])[1:]
    words = words[: words.index(">")] if ">" in words else words
    told = CliRunner().invoke(cli.app, [*words, "--help"])
    assert (told.exit_code, told.stdout.split()[:2]) == (0, ["Usage:", "fleet"]), told.output


def test_the_configuration_is_named_in_the_same_way_everywhere() -> None:
    named = {words: [o for o in command.params if o.name == "config"] for words, command in COMMANDS.items()}
    assert [words for words, options in named.items() if not options] == list(filter(WITHOUT.fullmatch, COMMANDS))
    assert {(*option.opts, option.help) for options in named.values() for option in options} == {
        ("--config", "-c", "Configuration file; FLEET_CONFIG or ./fleet.yaml if not given.")
    }


@pytest.mark.parametrize("words", [words for words in COMMANDS if not BUSY.fullmatch(words)])
def test_where_there_is_nothing_yet_the_next_step_is_named(words: str, run: Callable[..., Ran]) -> None:
    code, _, err = run(*line_of(words))
    assert code in (0, 2, 3, 4)
    if code != 0:
        assert re.match(r"error: (.*`fleet |nothing to set|name the jobs|can't read 1: )", err), err


@pytest.mark.parametrize("words", [words for words in COMMANDS if not WITHOUT.fullmatch(words)])
def test_what_is_wrong_in_a_configuration_is_named_by_its_line(words: str, run: Callable[..., Ran]) -> None:
    Path("fleet.yaml").write_text("mode: any\nmode: fast\n")
    code, out, err = run(*line_of(words))
    assert (code, out) == (2, "")
    assert err.startswith(("error: fleet.yaml:2: ", "error: nothing to set", "error: name the jobs")), err


@pytest.mark.parametrize("line", ["route failures", "models --known --json"])
def test_a_reader_that_has_seen_enough_is_no_error_to_tell_of(line: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as output:
        command = [sys.executable, "-P", "-m", "workfleet.workers.cli", *line.split()]
        ended = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (1, b"")
