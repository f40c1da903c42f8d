import pytest

from workfleet.workers.simulator import stats as stats_module
from workfleet.workers.simulator.stats import Stats, Visit


def visited(stats: Stats, id_: str | None = None, *, complete: bool = True, status: int = 200) -> None:
    visit = Visit("/v1/chat/completions", id_, "m", status, 3, 5, complete)
    stats.opened(visit)
    stats.closed(visit)


def test_requests_are_counted_by_path_model_and_status() -> None:
    stats = Stats()
    visited(stats)
    visited(stats, complete=False, status=500)
    snapshot = stats.snapshot()
    assert snapshot["requests"] == 2
    assert snapshot["by_status"] == {"200": 1, "500": 1}
    assert snapshot["by_model"] == {"m": 2}
    assert snapshot["by_path"] == {"/v1/chat/completions": 2}


def test_only_complete_answers_count_tokens_and_are_served() -> None:
    stats = Stats()
    visited(stats, "a")
    visited(stats, "a", complete=False, status=499)
    assert (stats.requested("a"), stats.served("a")) == (2, 1)
    assert (stats.complete, stats.prompt_tokens, stats.completion_tokens) == (1, 3, 5)


def test_an_id_that_was_answered_twice_is_found() -> None:
    stats = Stats()
    for id_ in ("a", "b", "a", None):
        visited(stats, id_)
    assert stats.repeated() == {"a": 2}
    assert stats.snapshot()["ids"] == {"requested": 2, "served": 2, "served_again": 1, "examples": {"a": 2}}


def test_ids_are_forgotten_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stats_module, "REMEMBERED_IDS", 2)
    stats = Stats()
    for id_ in ("a", "b", "c"):
        visited(stats, id_)
    assert [stats.served(id_) for id_ in ("a", "b", "c")] == [0, 1, 1]


def test_the_most_that_were_in_flight_at_once_is_kept() -> None:
    stats = Stats()
    visits = [Visit("/") for _ in range(3)]
    for visit in visits:
        stats.opened(visit)
    for visit in visits:
        stats.closed(visit)
    assert (stats.in_flight, stats.max_in_flight) == (0, 3)


def test_a_reset_forgets_everything_but_what_is_in_flight() -> None:
    stats, running = Stats(), Visit("/")
    visited(stats, "a")
    stats.opened(running)
    stats.reset()
    assert (stats.in_flight, stats.max_in_flight, stats.complete, stats.served("a")) == (1, 1, 0, 0)
    stats.closed(running)
    assert stats.in_flight == 0
