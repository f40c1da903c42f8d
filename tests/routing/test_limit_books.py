"""Money is reserved before a call, and what it really cost takes its place."""

from dataclasses import replace

import pytest

from workfleet.routing.limit_books import Books, Held
from workfleet.routing.limits import Limit, Pace, Quota, Unit
from workfleet.routing.reservation import Ask, Denied, Granted, Used

DAY_S = 86_400.0
NOW = DAY_S / 2
TODAY = (0.0, DAY_S, 2 * DAY_S)
USD = 1_000_000_000

#: $0.01 for a thousand tokens of the answer, nothing for the input.
ANSWER_NANO = 10_000.0


def budget(usd: float, key: str = "usd/day@p") -> Quota:
    return Quota(key, Unit.USD, usd * USD, DAY_S, TODAY)


def ask(id_: str, *limits: Limit, cap: int = 1000, input_nano: float = 0.0, answer_nano: float = ANSWER_NANO) -> Ask:
    return Ask(id_, "k", 100, cap, cap, 1.0, 10.0, limits, (), input_nano, answer_nano)


def spent(books: Books, key: str = "usd/day@p") -> float:
    return sum(books.counts[key].parts.values()) / USD


def test_a_call_reserves_what_it_may_cost_and_settles_what_it_did() -> None:
    day = budget(1.0)
    books, said = Books().reserve(ask("a", day, input_nano=3000.0, answer_nano=15_000.0), NOW)
    cost = 100 * 3000 + 1000 * 15_000
    assert said == Granted(0.0, 1100, nano_usd=cost)
    assert books.held["a"] == Held(
        NOW, NOW, 1100, guessed=True, nano_usd=cost, presumed_nano=cost, money=(("usd/day@p", 0.0),)
    )
    assert spent(books) == 0.0153
    books, _ = books.settle("a", "k", (day,), Used(1, 150, 50, nano_usd=1_050_000), NOW + 1)
    assert spent(books) == 0.00105


def test_a_budget_without_room_for_a_call_denies_it_until_it_begins_anew() -> None:
    day = budget(0.025)
    books, _ = Books().reserve(ask("a", day), NOW)
    books, _ = books.reserve(ask("b", day), NOW)
    after, said = books.reserve(ask("c", day), NOW)
    assert (after, said) == (books, Denied(DAY_S / 2, "usd/day@p", 10_000_000))
    _, tomorrow = books.reserve(ask("c", day), DAY_S + 1)
    assert tomorrow == Granted(0.0, 1100, {"usd/day@p": 0}, 10_000_000)


def test_a_call_that_may_cost_more_than_the_whole_budget_is_never_made() -> None:
    _, said = Books().reserve(ask("a", budget(0.009)), NOW)
    assert said == Denied(DAY_S / 2, "usd/day@p", 10_000_000)


def test_a_call_that_costs_nothing_passes_though_too_much_is_spent() -> None:
    day = budget(0.01)
    books, _ = Books().reserve(ask("a", day), NOW)
    books, _ = books.settle("a", "k", (day,), Used(nano_usd=5 * USD), NOW)
    _, said = books.reserve(ask("b", day, answer_nano=0.0), NOW)
    assert said == Granted(0.0, 1100, nano_usd=0)


def test_of_answers_whose_length_varies_more_money_is_reserved_than_their_mean_costs() -> None:
    day, books = budget(1.0), Books()
    for number, answer in enumerate((100, 300) * 10):
        books, _ = books.reserve(ask(str(number), day), NOW)
        books, _ = books.settle(str(number), "k", (day,), Used(1, 0, answer, nano_usd=0), NOW)
    books, said = books.reserve(ask("next", day), NOW)
    assert isinstance(said, Granted)
    assert said.tokens == 100 + 200
    assert spent(books) == pytest.approx(0.0075, abs=0.0003)  # the mean and five standard deviations of about 100


def test_an_answer_cannot_cost_more_than_its_limit_lets_it() -> None:
    day, books = budget(1.0), Books()
    for number, answer in enumerate((100, 900) * 10):
        books, _ = books.reserve(ask(str(number), day), NOW)
        books, _ = books.settle(str(number), "k", (day,), Used(1, 0, answer, nano_usd=0), NOW)
    books, _ = books.reserve(ask("short", day, cap=600), NOW)
    assert spent(books) == pytest.approx(0.006)


def test_an_agents_budget_and_the_providers_are_both_kept_or_neither() -> None:
    provider, agent = budget(1.0), budget(0.015, "usd/day@agent:a")
    books, _ = Books().reserve(ask("a", provider, agent), NOW)
    after, said = books.reserve(ask("b", provider, agent), NOW)
    assert (after, said) == (books, Denied(DAY_S / 2, "usd/day@agent:a", 10_000_000))
    assert (spent(after), spent(after, "usd/day@agent:a")) == (0.01, 0.01)


def test_people_are_told_at_80_and_90_percent_of_a_budget_and_when_it_is_gone() -> None:
    day, books, told = budget(0.1), Books(), list[int]()
    for number in range(10):
        books, said = books.reserve(ask(str(number), day), NOW)
        assert isinstance(said, Granted)
        told.extend(said.crossed.values())
        books, crossed = books.settle(str(number), "k", (day,), Used(nano_usd=10_000_000), NOW)
        told.extend(crossed.values())
    assert told == [1, 2, 3]


def test_a_call_of_which_nobody_knows_what_it_cost_counts_as_reserved() -> None:
    day = budget(1.0)
    books, _ = Books().reserve(ask("a", day), NOW)
    books, _ = books.settle("a", "k", (day,), Used(), NOW)
    assert spent(books) == 0.01
    assert books == replace(books, held={}, leases={})


def varying(day: Quota) -> Books:
    """Answers of 200 tokens on average have come, and a call is under way that reserved more than those cost."""
    books = Books()
    for number, answer in enumerate((100, 300) * 10):
        books, _ = books.reserve(ask(str(number), day), NOW)
        books, _ = books.settle(str(number), "k", (day,), Used(1, 0, answer, nano_usd=0), NOW)
    books, _ = books.reserve(ask("last", day), NOW)
    return books


def test_when_a_worker_has_died_its_call_counts_as_its_kind_usually_costs() -> None:
    day = budget(1.0)
    books = varying(day)
    assert books.lapsed(NOW + 9) == books
    dead = books.lapsed(NOW + 10)
    assert (spent(dead), dead.leases) == (0.002, {})
    assert dead.lapsed(NOW + 20) == dead


@pytest.mark.parametrize(("used", "usd"), [(Used(nano_usd=7_000_000), 0.007), (Used(), 0.002)], ids=["known", "not"])
def test_a_worker_that_lives_after_all_settles_what_its_call_cost(used: Used, usd: float) -> None:
    day = budget(1.0)
    books, _ = varying(day).lapsed(NOW + 10).settle("last", "k", (day,), used, NOW + 11)
    assert (spent(books), books.held) == (usd, {})


def test_of_a_call_that_its_worker_cannot_have_made_all_money_comes_back() -> None:
    day, pace = budget(1.0), Pace("rpm@p", Unit.REQUESTS, 1, 60.0)
    books, _ = Books().reserve(ask("first", pace), NOW)
    books, said = books.reserve(replace(ask("waits", day, pace), patience_s=90.0), NOW)
    assert isinstance(said, Granted)
    assert said.wait_s > 10
    assert (spent(books), spent(books.lapsed(NOW + 10))) == (0.01, 0.0)


def test_a_job_with_a_cap_reserves_the_longest_answer_and_keeps_it() -> None:
    day = budget(1.0)
    books, _ = varying(day).settle("last", "k", (day,), Used(nano_usd=0), NOW)
    books, _ = books.reserve(replace(ask("capped", day), answer_paid=1000), NOW)
    assert (spent(books), spent(books.lapsed(NOW + 10))) == (0.01, 0.01)


def test_what_a_call_of_unknown_price_may_cost_nobody_knows() -> None:
    books, said = Books().reserve(replace(ask("a"), input_nano=None, answer_nano=None), NOW)
    assert said == Granted(0.0, 1100, nano_usd=None)
    assert books.held["a"].presumed_nano is None
