"""How much of a limit is asked for when, against the three ways in which providers count."""

import heapq
import random
from collections.abc import Callable

import pytest

from workfleet.routing.limit_books import Books
from workfleet.routing.limits import Limit, Pace, Paid, Quota, Slots, Unit
from workfleet.routing.reservation import Ask, Denied, Granted, Used
from workfleet.workers.simulator.windows import WINDOWS, WindowType

DAY_S = 86_400.0


def ask(*limits: Limit, tokens: int = 100, id_: str = "", patience_s: float = 1.0, cap: int = 0) -> Ask:
    return Ask(id_ or str(random.random()), "k", tokens, cap, cap, patience_s, 10.0, limits)


def grants(books: Books, make: Callable[[], Ask], now: float) -> tuple[Books, int, Denied]:
    """As many calls as are granted at one time, and the first denial."""
    granted = 0
    while True:
        books, said = books.reserve(make(), now)
        if isinstance(said, Denied):
            return books, granted, said
        granted += 1


def saturated(window: WindowType, seed: int, *, minutes: int = 4) -> tuple[float, int]:
    """(share of the tokens that were allowed, refusals) of a fleet that calls as often as it may.

    Sizes are skewed, answers take about a second, and the way to the provider up to 0.3 s.
    """
    rng, reqs, toks = random.Random(seed), WINDOWS[window](600, 60.0), WINDOWS[window](60_000, 60.0)
    limits = (Pace("rpm", Unit.REQUESTS, 600), Pace("tpm", Unit.TOKENS, 60_000))
    books, begin, used, refused = Books(), 1000.0 + seed * 7.3, 0, 0
    now, due = begin, list[tuple[float, int, int, int]]()
    number = 0
    while now < begin + minutes * 60:
        number += 1
        prompt, answer = min(int(rng.lognormvariate(3.9, 0.8)), 1500), min(int(rng.lognormvariate(4.0, 0.6)), 512)
        books, said = books.reserve(Ask(str(number), "k", prompt, 512, 512, 60.0, 600.0, limits), now)
        assert isinstance(said, Granted)
        now += said.wait_s
        heapq.heappush(due, (now + rng.uniform(0, 0.3), number, prompt, answer))
        heapq.heappush(due, (now + rng.uniform(0.5, 1.5), -number, prompt, answer))
        while due[0][0] <= now:
            at, each, prompt, answer = heapq.heappop(due)
            if each < 0:
                total = Used(tokens=prompt + answer, answer_tokens=answer)
                books, _ = books.settle(str(-each), "k", limits, total, at)
            elif reqs.wait_s(1, at) or toks.wait_s(prompt + answer, at):
                refused += 1
            else:
                reqs.take(1, at)
                toks.take(prompt + answer, at)
                used += prompt + answer
    return used / (60_000 * minutes), refused


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("seed", range(3))
def test_a_busy_fleet_uses_97_percent_and_is_never_refused(window: WindowType, seed: int) -> None:
    share, refused = saturated(window, seed)
    assert refused == 0
    assert share >= 0.97


@pytest.mark.parametrize("amount", [1, 2, 30, 600])
def test_requests_of_a_whole_number_use_nearly_all_of_a_small_limit(amount: int) -> None:
    pace = Pace("rpm", Unit.REQUESTS, amount)
    paid, now, begun = Paid(), 1e6, list[float]()
    for _ in range(amount * 3):
        now += pace.wait_s(paid, 1, now)
        paid = pace.taken(paid, 1, now, now)
        begun.append(now)
    assert all(sum(at <= other < at + 60 for other in begun) <= amount for at in begun)
    assert len(begun) / (begun[-1] - begun[0] + 60 / amount) >= 0.98 * amount / 60


def test_a_call_larger_than_the_burst_is_paid_for_after_it() -> None:
    pace = Pace("tpm", Unit.TOKENS, 60_000)
    small, large, now = 600, 6_000, 1e6
    paid = pace.taken(Paid(), small, now, now)
    assert pace.wait_s(paid, large, now) == pace.wait_s(paid, small, now)
    paid = pace.taken(paid, large, now + pace.wait_s(paid, large, now), now)
    assert pace.wait_s(paid, small, now) == pytest.approx((small + large) / pace.per_s)


def test_a_call_larger_than_the_limit_is_made_after_a_window_without_any() -> None:
    pace = Pace("tpm", Unit.TOKENS, 6_000)
    paid = pace.taken(Paid(), 60, 1e6, 1e6)
    assert pace.wait_s(paid, 100_000, 1e6) == pace.wait_s(paid, 6_000, 1e6)


def test_a_limit_that_is_raised_or_lowered_counts_at_once() -> None:
    slow, quick, now = Pace("rpm", Unit.REQUESTS, 1), Pace("rpm", Unit.REQUESTS, 600), 1e6
    paid = slow.taken(Paid(), 1, now, now)
    assert slow.wait_s(paid, 1, now) == pytest.approx(1 / slow.per_s)
    assert quick.wait_s(paid, 1, now) == 0
    for _ in range(6):
        paid = quick.taken(paid, 1, now, now)
    assert quick.wait_s(paid, 1, now) == pytest.approx(2 / quick.per_s)
    assert slow.wait_s(paid, 1, now) == pytest.approx(7 / slow.per_s)


def test_all_or_nothing_what_one_limit_denies_uses_nothing_of_the_others() -> None:
    rpm, slots = Pace("rpm", Unit.REQUESTS, 10), Slots("slots", 1)
    books, first = Books().reserve(ask(rpm, slots, id_="a"), 1e6)
    assert isinstance(first, Granted)
    after, second = books.reserve(ask(rpm, slots, id_="b", patience_s=1e9), 1e6)
    assert (after, second) == (books, Denied(0.1, "slots"))


def test_a_large_call_books_its_time_in_a_full_window_although_small_ones_would_fit_sooner() -> None:
    tpm, books, now = Pace("tpm", Unit.TOKENS, 60_000), Books(), 1e6
    while True:
        books, said = books.reserve(ask(tpm, tokens=600), now)
        if isinstance(said, Denied):
            break
        now += 0.6
    books, large = books.reserve(ask(tpm, tokens=9_000), now)
    assert isinstance(large, Granted)
    assert 8.0 < large.wait_s < 12.0
    _, small = books.reserve(ask(tpm, tokens=10), now)
    assert isinstance(small, Denied)
    assert small.wait_s >= large.wait_s


def test_a_dead_workers_slot_comes_back_when_its_lease_is_over() -> None:
    slots = Slots("slots", 1)
    books, _ = Books().reserve(ask(slots, id_="dead"), 1e6)
    assert books.reserve(ask(slots), 1e6 + 9.9)[1] == Denied(0.1, "slots")
    assert isinstance(books.reserve(ask(slots), 1e6 + 10.1)[1], Granted)


def test_an_answer_of_its_kind_tells_how_long_the_next_will_be() -> None:
    tpm = Pace("tpm", Unit.TOKENS, 60_000)
    books, guess = Books().reserve(ask(tpm, id_="a", cap=512), 1e6)
    books, _ = books.settle("a", "k", (tpm,), Used(tokens=140, answer_tokens=40), 1e6 + 1)
    assert isinstance(guess, Granted)
    assert guess.tokens == 612
    assert books.reserve(ask(tpm, id_="b", cap=512), 1e6 + 9)[1] == Granted(0.0, 140)
    assert books.reserve(ask(tpm, id_="c", cap=20), 1e6 + 9)[1] == Granted(0.0, 120)


def test_a_calendar_quota_is_whole_again_in_the_next_period() -> None:
    day = Quota("rpd", Unit.REQUESTS, 10, DAY_S, (0.0, DAY_S, 2 * DAY_S))
    books, granted, denied = grants(Books(), lambda: ask(day), DAY_S - 60)
    assert (granted, denied) == (10, Denied(60.0, "rpd", 1))
    _, said = books.reserve(ask(day), DAY_S + 1)
    assert said == Granted(0.0, 100, {"rpd": 0})


def test_of_a_rolling_quota_each_part_comes_back_a_window_after_it_was_used() -> None:
    day = Quota("rpd", Unit.REQUESTS, 10, DAY_S)
    books = Books()
    for _ in range(4):
        books, _ = books.reserve(ask(day), 10 * DAY_S)
    books, granted, denied = grants(books, lambda: ask(day), 10.5 * DAY_S)
    assert (granted, denied) == (6, Denied(0.5 * DAY_S + day.part_s, "rpd", 1))
    assert grants(books, lambda: ask(day), 11 * DAY_S + 1.01 * day.part_s)[1] == 4


def test_people_are_told_once_of_each_mark_of_a_quota() -> None:
    day = Quota("rpd", Unit.REQUESTS, 10, DAY_S, (0.0, DAY_S, 2 * DAY_S))
    books, told = Books(), list[int]()
    for at in range(10):
        books, said = books.reserve(ask(day, id_=str(at)), 1.0)
        assert isinstance(said, Granted)
        told += said.crossed.values()
    assert told == [1, 2, 3]
    books, news = books.settle("9", "k", (day,), Used(requests=0, tokens=0), 2.0)
    books, said = books.reserve(ask(day), 3.0)
    assert (news, said) == ({}, Granted(0.0, 100))


ROLLING, CALENDAR = (), (0.0, DAY_S, 2 * DAY_S)


def drawn(books: Books, limit: Quota, calls: int, now: float) -> tuple[Books, list[int]]:
    """So many calls of one request; what is told."""
    told = list[int]()
    for at in range(calls):
        books, said = books.reserve(ask(limit, id_=f"{now}.{at}"), now)
        assert isinstance(said, Granted)
        told += said.crossed.values()
    return books, told


@pytest.mark.parametrize("edges", [ROLLING, CALENDAR], ids=["rolling", "calendar"])
def test_what_is_settled_for_less_than_reserved_is_no_new_beginning(edges: tuple[float, ...]) -> None:
    day = Quota("rpd", Unit.REQUESTS, 10, DAY_S, edges)
    books, told = drawn(Books(), day, 9, 1.0)
    for at in range(9):
        books, news = books.settle(f"1.0.{at}", "k", (day,), Used(requests=0, tokens=0), 2.0)
        told += news.values()
    books, again = drawn(books, day, 10, 3.0)
    assert (told, again) == ([1, 2], [3])


@pytest.mark.parametrize("edges", [ROLLING, CALENDAR], ids=["rolling", "calendar"])
def test_in_the_next_period_people_are_told_that_it_is_back_and_then_of_each_mark(edges: tuple[float, ...]) -> None:
    day = Quota("rpd", Unit.REQUESTS, 10, DAY_S, edges)
    books, _ = drawn(Books(), day, 10, DAY_S / 2)
    assert drawn(books, day, 10, 1.75 * DAY_S)[1] == [0, 1, 2, 3]


def test_a_rolling_quota_that_stays_nearly_full_is_not_told_of_again() -> None:
    day, books, told = Quota("rpd", Unit.REQUESTS, 10, DAY_S), Books(), list[int]()
    for hour in range(96):
        if not isinstance(books.reserve(ask(day, id_="peek"), hour * 3600.0)[1], Denied):
            books, news = drawn(books, day, 1, hour * 3600.0)
            told += news
    assert told == [1, 2, 3]


def test_a_mark_that_the_first_call_of_a_period_reaches_is_told_and_nothing_else() -> None:
    day = Quota("tpd", Unit.TOKENS, 120, DAY_S, CALENDAR)
    books, said = Books().reserve(ask(day, id_="a"), 1.0)
    assert said == Granted(0.0, 100, {"tpd": 1})
    assert books.reserve(ask(day, id_="b"), DAY_S + 1)[1] == Granted(0.0, 100, {"tpd": 1})


def test_a_limit_that_was_raised_is_told_of_by_what_it_has_left_now() -> None:
    day, more, plenty = (Quota("rpd", Unit.REQUESTS, amount, DAY_S, CALENDAR) for amount in (10, 12, 100))
    books, _ = drawn(Books(), day, 10, 1.0)
    assert drawn(books, more, 1, 2.0)[1] == [2]
    assert drawn(books, plenty, 1, 2.0)[1] == [0]
    lowered, told = drawn(drawn(Books(), plenty, 7, 1.0)[0], day, 1, 2.0)
    assert (told, drawn(lowered, day, 1, 3.0)[1]) == ([1], [2])
