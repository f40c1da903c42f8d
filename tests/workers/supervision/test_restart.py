"""When a child is started again, and when that is hopeless."""

import pytest

from workfleet.workers.supervision.restart import GiveUp, Restart, RestartPolicy, after_exit, described

POLICY = RestartPolicy(first_delay_s=0.5, max_delay_s=3.0, stable_s=30.0)


@pytest.mark.parametrize(
    ("code", "ran_s", "short_runs", "step"),
    [
        (1, 0.1, 0, Restart(0.5, 1)),
        (1, 0.1, 1, Restart(1.0, 2)),
        (1, 0.1, 2, Restart(2.0, 3)),
        (1, 0.1, 3, Restart(3.0, 4)),
        (1, 0.1, 5000, Restart(3.0, 5001)),
        (1, 30.0, 7, Restart(0.5, 1)),
        (-9, 0.1, 0, Restart(0.5, 1)),
        (0, 0.1, 0, Restart(0.5, 1)),
        (2, 0.1, 0, GiveUp("exit code 2")),
        (127, 100.0, 0, GiveUp("exit code 127")),
    ],
    ids=[
        "the first short run waits shortly",
        "the second twice as long",
        "the third again",
        "up to the maximum",
        "and never beyond it",
        "a long run starts it over",
        "a kill is a crash",
        "an end without an error is none either",
        "a wrong configuration stays wrong",
        "a missing program stays missing",
    ],
)
def test_the_next_step_follows_from_code_and_run(
    code: int, ran_s: float, short_runs: int, step: Restart | GiveUp
) -> None:
    assert after_exit(POLICY, code=code, ran_s=ran_s, short_runs=short_runs) == step


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (3, "exit code 3"), (-15, "killed by SIGTERM"), (-200, "killed by signal 200")],
)
def test_an_exit_code_in_words(code: int, words: str) -> None:
    assert described(code) == words
