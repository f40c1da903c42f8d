"""What several targets together can do at best."""

from itertools import product

import pytest

from workfleet.workers.bench.mix_optimum import Server, optimum

LOCAL = Server(slots=4, answer_s=1.0)
PAID = Server(slots=10, answer_s=0.5, usd=0.01)
FREE = Server(slots=50, answer_s=0.5, per_minute=30)


@pytest.mark.parametrize(
    ("server", "seconds", "answers"),
    [
        (LOCAL, 0.99, 0),
        (LOCAL, 1.0, 4),
        (LOCAL, 2.5, 8),
        (FREE, 0.4, 0),
        (FREE, 0.5, 30),
        (FREE, 60.4, 30),
        (FREE, 60.5, 60),
        (Server(slots=1, answer_s=3.0, per_minute=30), 60.0, 20),
    ],
    ids=[
        "none before the first is done",
        "each slot one",
        "only whole answers count",
        "a limit changes nothing about an answer's time",
        "a minute's requests at once",
        "no more until the next minute",
        "whose answers take their time too",
        "slots may be tighter than the limit",
    ],
)
def test_what_a_server_has_answered_by_a_time(server: Server, seconds: float, answers: int) -> None:
    assert server.answers_by(seconds) == answers


@pytest.mark.parametrize(
    ("jobs", "servers", "makespan_s", "cost_usd", "taken"),
    [
        (40, {"local": LOCAL}, 10.0, 0.0, {"local": 40}),
        (48, {"local": LOCAL, "paid": PAID}, 2.0, 0.40, {"local": 8, "paid": 40}),
        (41, {"local": LOCAL, "paid": PAID}, 2.0, 0.33, {"local": 8, "paid": 33}),
        (44, {"local": LOCAL, "free": FREE, "paid": PAID}, 1.0, 0.10, {"local": 4, "free": 30, "paid": 10}),
        (31, {"free": FREE}, 60.5, 0.0, {"free": 31}),
        (0, {"paid": PAID}, 0.0, 0.0, {"paid": 0}),
    ],
    ids=[
        "one server alone",
        "two that are never idle",
        "the dearer one gets what the cheaper ones cannot do in that time",
        "a free tier's minute is used at once",
        "one job more than a minute permits waits for the next",
        "nothing to do takes no time",
    ],
)
def test_the_least_makespan_and_what_it_costs_at_least(
    jobs: int, servers: dict[str, Server], makespan_s: float, cost_usd: float, taken: dict[str, int]
) -> None:
    found = optimum(jobs, servers)
    assert (found.makespan_s, found.cost_usd) == pytest.approx((makespan_s, cost_usd), abs=1e-3)
    assert found.taken == taken


@pytest.mark.parametrize("jobs", [1, 7, 13])
def test_no_division_of_the_jobs_is_quicker_or_as_quick_and_cheaper(jobs: int) -> None:
    servers = {"a": Server(2, 0.7, usd=0.0), "b": Server(3, 0.4, usd=0.02), "c": Server(9, 0.3, usd=0.01, per_minute=4)}

    def takes_s(server: Server, count: int) -> float:
        return next((s / 100 for s in range(100_000) if server.answers_by(s / 100) >= count), 1e9) if count else 0.0

    takes = {name: [takes_s(server, count) for count in range(jobs + 1)] for name, server in servers.items()}
    ways = [
        (max(takes["a"][a], takes["b"][b], takes["c"][jobs - a - b]), 0.02 * b + 0.01 * (jobs - a - b))
        for a, b in product(range(jobs + 1), repeat=2)
        if a + b <= jobs
    ]
    found = optimum(jobs, servers)
    assert (found.makespan_s, found.cost_usd) == pytest.approx(min(ways), abs=0.011)


def test_without_a_server_there_is_no_optimum() -> None:
    with pytest.raises(ValueError, match="no server"):
        optimum(1, {})
