"""How the limit of a server of our own follows what it bears."""

from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.concurrency import Concurrency


def served(limit: Concurrency, answers: int, *, pace: float = 1.0, began: float = 0.0) -> Concurrency:
    """So many answers, while the limit is in use."""
    for _ in range(answers):
        limit = limit.answered(pace=pace, busy=limit.calls, began=began, now=began + pace)
    return limit


def test_it_begins_with_what_is_configured() -> None:
    assert Concurrency.of(8).calls == 8


def test_a_refusal_halves_it_once_for_all_calls_that_were_under_way() -> None:
    limit = Concurrency.of(16)
    for _ in range(5):
        limit = limit.refused(began=1.0, now=2.0)
    assert limit.calls == 8
    assert limit.refused(began=3.0, now=4.0).calls == 4


def test_it_grows_by_one_in_as_many_answers_as_it_has() -> None:
    limit = served(Concurrency.of(16).refused(began=0.0, now=0.0), 9, began=1.0)
    assert limit.calls == 9


def test_what_has_shrunk_to_one_call_grows_to_the_maximum_again() -> None:
    limit = Concurrency.of(8)
    for at in range(4):
        limit = limit.refused(began=float(at), now=at + 0.5)
    assert limit.calls == 1
    assert served(limit, 60, began=5.0).calls == 8


def test_it_does_not_grow_while_it_is_not_in_use() -> None:
    limit = Concurrency.of(16).refused(began=0.0, now=0.0)
    for _ in range(100):
        limit = limit.answered(pace=1.0, busy=2, began=1.0, now=2.0)
    assert limit.calls == 8


def test_answers_that_come_much_slower_than_the_best_ones_shrink_it() -> None:
    limit = served(Concurrency.of(16), 50)
    assert limit.calls == 16
    for at in range(40):
        limit = limit.answered(pace=20.0, busy=limit.calls, began=float(at), now=float(at) + 0.5)
    assert limit.calls < 8


def test_slowness_alone_leaves_a_quarter_of_the_maximum_and_is_what_is_usual_after_a_while() -> None:
    limit, seen = served(Concurrency.of(16), 50), list[int]()
    for at in range(400):
        limit = limit.answered(pace=20.0, busy=limit.calls, began=float(at), now=float(at) + 0.5)
        seen.append(limit.calls)
    assert min(seen) == 4
    assert limit.calls == 16


def test_answers_that_vary_as_lengths_do_leave_it_alone() -> None:
    limit = Concurrency.of(16)
    for at in range(300):
        limit = limit.answered(pace=(0.5, 1.0, 2.0, 0.7, 3.0)[at % 5], busy=16, began=float(at), now=float(at))
    assert limit.calls == 16


def test_a_server_that_batches_is_slow_with_many_calls_and_keeps_them() -> None:
    """As vLLM: each of 64 answers takes ten times as long as one alone, and all together a sixth of the time."""
    limit, at = Concurrency.of(64), 0.0
    for busy in (*[1] * 100, *[64] * 400):
        at += 1.0
        limit = limit.answered(pace=1.0 + busy / 6, busy=busy, began=at, now=at)
        assert limit.calls == 64


def test_a_server_that_gets_less_done_the_more_it_is_asked_is_asked_less() -> None:
    """As one that runs out of memory for its caches: beyond 16 calls it throws work away."""
    limit, at, seen = Concurrency.of(64), 0.0, list[int]()
    for wanted in (*[8] * 100, *[64] * 60):
        busy, at = min(wanted, limit.calls), at + 1.0
        limit = limit.answered(pace=1.0 if busy <= 16 else busy**2 / 64, busy=busy, began=at, now=at)
        seen.append(limit.calls)
    assert (seen[99], min(seen)) == (64, 16)


def test_slow_answers_while_few_are_asked_for_say_nothing_of_the_limit() -> None:
    limit = served(Concurrency.of(16), 50)
    for at in range(100):
        limit = limit.answered(pace=20.0, busy=2, began=float(at), now=float(at))
    assert limit.calls == 16


def test_a_queue_in_the_server_shrinks_it_a_little() -> None:
    assert Concurrency.of(20).queued(now=1.0).calls == 18


def test_a_new_maximum_is_followed() -> None:
    assert Concurrency.of(8).resized(16).calls == 16
    assert Concurrency.of(8).refused(began=0.0, now=0.0).resized(16).calls == 4
    assert Concurrency.of(8).resized(2).calls == 2


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("answered"), st.floats(0.001, 1000)),
        st.tuples(st.just("refused"), st.just(0.0)),
        st.tuples(st.just("queued"), st.just(0.0)),
        st.tuples(st.just("resized"), st.integers(1, 64)),
    ),
    max_size=200,
)


@given(most=st.integers(1, 64), events=EVENTS)
def test_whatever_happens_it_is_between_one_and_the_maximum(most: int, events: list[tuple[str, float]]) -> None:
    limit = Concurrency.of(most)
    for at, (kind, value) in enumerate(events):
        now = float(at)
        if kind == "answered":
            limit = limit.answered(pace=value, busy=limit.calls, began=now, now=now)
        elif kind == "refused":
            limit = limit.refused(began=now, now=now)
        elif kind == "queued":
            limit = limit.queued(now=now)
        else:
            limit = limit.resized(int(value))
        assert 1 <= limit.calls <= limit.most


@given(bears=st.integers(1, 40))
def test_it_finds_what_a_server_bears_that_refuses_more(bears: int) -> None:
    """Within the sawtooth that halving makes."""
    limit, seen = Concurrency.of(64), list[int]()
    for at in range(4000):
        now = float(at)
        if limit.calls > bears:
            limit = limit.refused(began=now, now=now)
        else:
            limit = limit.answered(pace=1.0, busy=limit.calls, began=now, now=now)
        if at > 2000:
            seen.append(limit.calls)
    assert bears / 2 - 1 <= min(seen)
    assert max(seen) <= bears + 1
