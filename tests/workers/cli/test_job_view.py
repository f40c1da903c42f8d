"""What `fleet job` shows of a job's attempts."""

import io

from rich.console import Console
from rich.table import Table

from workfleet.routing.lanes import Priority
from workfleet.tasks.job import Attempt, Job, JobState
from workfleet.tasks.job_wait import JobWait
from workfleet.workers.cli.job_view import attempt_table, facts_table

LANE = "general.simple"


def attempt(number: int, outcome: str, **more: object) -> Attempt:
    target = "groq/llama-3.3-70b-versatile"
    made = {"number": number, "epoch": number, "target": target, "outcome": outcome, "total_s": 0.5}
    return Attempt.model_validate({**made, **more})


def printed(table: Table, *, width: int = 120) -> list[str]:
    page = io.StringIO()
    Console(file=page, width=width, soft_wrap=True).print(table)
    return [line.rstrip() for line in page.getvalue().splitlines()]


def test_columns_that_nothing_fills_are_left_out() -> None:
    lines = printed(attempt_table([attempt(1, "overloaded", message="Try [/later]")], since=0))
    assert lines == [
        "   target                        outcome     call    message",
        "1  groq/llama-3.3-70b-versatile  overloaded  0.50 s  Try [/later]",
    ]


def test_what_came_before_a_replay_stands_above_a_line() -> None:
    made = [attempt(1, "server"), attempt(2, "succeeded", output_tokens=3, cost_usd=0.0, cost_source="local")]
    assert printed(attempt_table(made, since=1)) == [
        "   target                        outcome    call    tokens in/out  cost USD",
        "1  groq/llama-3.3-70b-versatile  server     0.50 s",
        "   ──────                        ───────    ────    ─────────────  ────────",
        "2  groq/llama-3.3-70b-versatile  succeeded  0.50 s  0/3            0.000000 (local)",
    ]


def test_on_a_narrow_screen_names_are_folded_and_never_cut() -> None:
    lines = printed(attempt_table([attempt(1, "succeeded", input_tokens=3)], since=0), width=48)
    names = [line[3:].split("  ")[0].strip() for line in lines]
    assert "".join(names).removeprefix("target") == "groq/llama-3.3-70b-versatile"


def test_why_a_job_waits_stands_among_its_facts() -> None:
    job = Job("id", JobState.SNOOZED, "general", LANE, Priority.BATCH, 2, "me", 0.0, 1.0, LANE, put_back="groq is out")
    lines = printed(facts_table(job, JobWait(LANE, due_in_s=12.0)))
    assert lines[-2:] == ["put back    groq is out", "waits       to be looked at again in 12 s"]
