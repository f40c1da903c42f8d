"""`fleet batch` in the background: hand in, look, fetch, cancel."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from workfleet.tasks.client import AsyncClient
from workfleet.tasks.errors import FleetUnavailable, InvalidRequest, JobNotFound
from workfleet.workers.cli.main import app


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, redis_url: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLEET_REDIS_URL", redis_url)
    body = {"messages": [{"role": "user", "content": "hi"}]}
    lines = [{"custom_id": f"r{n}", "method": "POST", "url": "/v1/chat/completions", "body": body} for n in range(3)]
    Path("in.jsonl").write_text("\n".join([*map(json.dumps, lines), "{oops"]))


def fleet(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def succeeded(*arguments: str) -> Result:
    result = fleet(*arguments)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def batch() -> str:
    return succeeded("batch", "create", "-i", "in.jsonl", "--name", "nightly").stdout.strip()


def status(batch: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(succeeded("batch", "status", batch, "--json").stdout)
    return found


def test_a_file_is_handed_in_and_its_refused_lines_are_counted(batch: str) -> None:
    found = status(batch)
    assert {name: found[name] for name in ("id", "name", "state", "total", "refused", "succeeded")} == {
        "id": batch,
        "name": "nightly",
        "state": "running",
        "total": 3,
        "refused": 1,
        "succeeded": 0,
    }


def test_people_see_the_same(batch: str) -> None:
    shown = succeeded("batch", "status", batch).stdout
    assert [line.split() for line in shown.splitlines()][:3] == [
        ["batch", batch],
        ["name", "nightly"],
        ["state", "running"],
    ]


def test_batches_are_listed_newest_first(batch: str) -> None:
    later = succeeded("batch", "create", "-i", "in.jsonl").stdout.strip()
    listed = json.loads(succeeded("batch", "list", "--json").stdout)
    assert [(each["id"], each["name"]) for each in listed] == [(later, "in.jsonl"), (batch, "nightly")]
    assert "nightly" in succeeded("batch", "list").stdout


def test_a_cancelled_batch_is_finished_and_its_output_says_so(batch: str) -> None:
    assert succeeded("batch", "cancel", batch).stdout == "3 jobs cancelled\n"
    assert (status(batch)["state"], status(batch)["cancelled"]) == ("cancelled", 3)
    succeeded("batch", "results", batch, "-o", "out.jsonl", "--wait")
    errors = [json.loads(line)["error"]["code"] for line in Path("out.jsonl").read_text().splitlines()]
    assert sorted(errors) == ["batch_cancelled"] * 3 + ["invalid_json_line"]


def test_a_program_reads_what_was_handed_in_and_what_was_cancelled() -> None:
    created = json.loads(succeeded("batch", "create", "-i", "in.jsonl", "--json").stdout)
    batch = created["id"]
    assert created == {"id": batch, "total": 3, "refused": 1}
    cancelled = json.loads(succeeded("batch", "cancel", batch, "--json").stdout)
    assert (cancelled, status(batch)["cancelled"]) == ({"id": batch, "cancelled": 3}, 3)


def test_fetching_twice_writes_nothing_twice(batch: str) -> None:
    succeeded("batch", "cancel", batch)
    succeeded("batch", "results", batch, "-o", "out.jsonl")
    before = Path("out.jsonl").read_bytes()
    again = succeeded("batch", "results", batch, "-o", "out.jsonl")
    assert again.stderr == "0 lines written to out.jsonl, 4 were there\n"
    assert Path("out.jsonl").read_bytes() == before


@pytest.mark.parametrize("command", ["status", "cancel"])
def test_an_unknown_batch_is_named(command: str) -> None:
    failed = fleet("batch", command, "batch-x").exception
    assert isinstance(failed, JobNotFound)
    assert str(failed) == "no batch 'batch-x'; fleet batch list shows those that are known"


def test_a_missing_file_is_named() -> None:
    failed = fleet("batch", "create", "-i", "missing.jsonl").exception
    assert isinstance(failed, InvalidRequest)
    assert str(failed) == "cannot read missing.jsonl: No such file or directory"


def test_a_run_of_a_missing_file_starts_nothing(tmp_path: Path) -> None:
    failed = fleet("batch", "run", "-i", "missing.jsonl", "-o", "out.jsonl")
    assert str(failed.exception) == "cannot read missing.jsonl: No such file or directory"
    assert [each.name for each in tmp_path.iterdir()] == ["in.jsonl"]
    assert failed.stderr == ""


def test_a_file_that_is_no_text_makes_no_batch() -> None:
    Path("in.jsonl").write_bytes(b"\x1f\x8b")
    assert (
        str(fleet("batch", "create", "-i", "in.jsonl").exception) == "in.jsonl is compressed by gzip; unpack it first"
    )
    assert json.loads(succeeded("batch", "list", "--json").stdout) == []


def test_where_nobody_works_the_way_to_start_workers_is_told() -> None:
    told = succeeded("batch", "create", "-i", "in.jsonl").stderr
    assert told.splitlines() == [
        "jobs: 3, lines that are no requests: 1",
        "no worker runs yet; `fleet up` starts them, or `fleet worker --provider NAME`",
    ]


def test_what_was_handed_in_before_an_interruption_can_be_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    async def interrupted(client: AsyncClient, batch: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(AsyncClient, "seal_batch", interrupted)
    failed = fleet("batch", "create", "-i", "in.jsonl")
    (batch,) = json.loads(succeeded("batch", "list", "--json").stdout)
    assert (failed.exit_code, batch["state"], batch["total"]) == (130, "being handed in", 3)
    assert failed.stderr == f"not all was handed in; `fleet batch cancel {batch['id']}` ends what was\n"


def test_without_a_fleet_the_way_to_start_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLEET_REDIS_URL")
    failed = fleet("batch", "list").exception
    assert isinstance(failed, FleetUnavailable)
    assert "start one with `fleet up`" in str(failed)
