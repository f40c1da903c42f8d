"""A node acts on its own calls at once, and on what the fleet knows as soon as it hears of it."""

from dataclasses import replace

from workfleet.routing.breaker import BreakerPolicy, BreakerState
from workfleet.tasks.breakers import BreakerName, Note, SharedBreaker
from workfleet.workers.endpoints.circuit import Circuit

POLICY = BreakerPolicy(failures=2, cool_off_s=30.0)
NAME = BreakerName("target", "groq", "m")
#: Redis' clock is at 1,000 s when ours is at 0.
CLOCK_MS = 1_000_000.0


def circuit() -> Circuit:
    return Circuit(NAME, POLICY)


def opened(at_s: float, *, trips: int = 1, prober: str = "", lent_s: float = 0.0) -> SharedBreaker:
    """Opened at a time of our clock."""
    return SharedBreaker(
        opened=CLOCK_MS + at_s * 1000, trips=trips, prober=prober, lent=CLOCK_MS + lent_s * 1000, probe=0
    )


def hear(circuit: Circuit, fleet: SharedBreaker | None, *, now: float) -> None:
    circuit.heard(fleet, node="me", clock_ms=CLOCK_MS + now * 1000, now=now)


def test_its_own_failures_count_at_once() -> None:
    own = circuit()
    own.failed(began=0.0, now=1.0)
    own.failed(began=0.0, now=1.0)
    assert own.why_not(now=1.0) == "its breaker is open"


def test_successes_are_told_together_and_in_their_order_with_failures() -> None:
    own = circuit()
    own.succeeded(began=1.0, now=2.0)
    own.succeeded(began=3.0, now=4.0)
    own.failed(began=2.0, now=5.0)
    own.succeeded(began=4.0, now=6.0)
    assert own.notes(now=10.0) == [
        Note("ok", NAME, POLICY, 7.0, 2),
        Note("bad", NAME, POLICY, 8.0),
        Note("ok", NAME, POLICY, 6.0),
    ]
    hear(own, None, now=10.0)
    assert own.notes(now=10.0) == []


def test_what_could_not_be_told_is_told_the_next_time() -> None:
    own = circuit()
    own.failed(began=1.0, now=2.0)
    first = own.notes(now=2.0)
    own.untold()
    assert own.notes(now=2.0) == first


def test_a_breaker_that_others_opened_is_open_here_for_what_is_left_of_the_cool_off() -> None:
    own = circuit()
    hear(own, opened(5.0), now=10.0)
    assert [own.state(now=now) for now in (34.9, 35.0)] == [BreakerState.OPEN, BreakerState.HALF_OPEN]


def test_it_closes_when_another_node_has_found_it_well() -> None:
    own = circuit()
    hear(own, opened(5.0), now=10.0)
    hear(own, None, now=11.0)
    assert own.why_not(now=11.0) is None


def test_news_from_before_an_outcome_that_the_fleet_has_not_heard_of_are_not_believed() -> None:
    own = circuit()
    own.failed(began=0.0, now=1.0)
    own.notes(now=1.0)
    own.failed(began=0.0, now=2.0)
    hear(own, None, now=2.0)
    assert own.why_not(now=2.0) == "its breaker is open"


def test_it_lets_a_call_try_only_if_the_fleet_has_lent_it_the_probe() -> None:
    own = circuit()
    hear(own, opened(0.0), now=30.0)
    assert own.notes(now=30.0) == [Note("probe", NAME, POLICY)]
    hear(own, opened(0.0, prober="another", lent_s=40.0), now=30.0)
    assert own.why_not(now=30.0) == "its breaker is open"
    hear(own, opened(0.0, prober="me", lent_s=50.0), now=41.0)
    assert own.why_not(now=41.0) is None
    assert own.notes(now=41.0) == []
    own.asked(now=41.0)
    assert own.why_not(now=41.0) == "its breaker lets one call try"
    assert own.notes(now=42.0) == [Note("probe", NAME, POLICY)]


def test_each_of_several_probes_that_are_to_go_well_is_told_by_itself() -> None:
    careful = replace(POLICY, successes=2)
    own = Circuit(NAME, careful)
    hear(own, opened(0.0, prober="me", lent_s=40.0), now=30.0)
    for began in (31.0, 33.0):
        assert own.why_not(now=began) is None
        own.asked(now=began)
        own.succeeded(began=began, now=began + 1)
    assert own.state(now=34.0) is BreakerState.CLOSED
    assert own.notes(now=34.0) == [Note("ok", NAME, careful, 3.0), Note("ok", NAME, careful, 1.0)]


def test_probes_that_other_nodes_made_count() -> None:
    own = Circuit(NAME, replace(POLICY, successes=2))
    hear(own, opened(0.0, prober="me", lent_s=40.0).model_copy(update={"successes": 1}), now=30.0)
    own.asked(now=31.0)
    own.succeeded(began=31.0, now=32.0)
    assert own.state(now=32.0) is BreakerState.CLOSED


def test_it_stays_open_while_the_fleet_does_though_a_try_here_went_well() -> None:
    own = circuit()
    fleet = opened(0.0, prober="me", lent_s=40.0)
    hear(own, fleet, now=30.0)
    own.asked(now=30.0)
    own.succeeded(began=30.0, now=31.0)
    own.notes(now=31.0)
    hear(own, fleet, now=31.0)
    assert own.state(now=31.0) is BreakerState.HALF_OPEN


def test_a_probe_that_was_not_used_in_time_is_gone() -> None:
    own = circuit()
    hear(own, opened(0.0, prober="me", lent_s=40.0), now=30.0)
    hear(own, opened(0.0, prober="me", lent_s=40.0), now=40.0)
    assert own.why_not(now=40.0) == "its breaker is open"


def test_while_no_fleet_was_heard_it_tries_by_itself() -> None:
    own = circuit()
    own.failed(began=0.0, now=0.0)
    own.failed(began=0.0, now=0.0)
    assert own.why_not(now=30.0) is None


def test_a_try_that_failed_leaves_it_open_for_longer() -> None:
    own = circuit()
    hear(own, opened(0.0, prober="me", lent_s=40.0), now=30.0)
    own.asked(now=31.0)
    own.failed(began=31.0, now=32.0)
    assert [own.state(now=now) for now in (91.9, 92.0)] == [BreakerState.OPEN, BreakerState.HALF_OPEN]
    assert own.why_not(now=91.0) == "its breaker is open"


def test_it_rests_until_its_next_probe() -> None:
    own = circuit()
    assert own.rests_s(now=1.0) == 0
    own.failed(began=0.0, now=1.0)
    own.failed(began=0.0, now=1.0)
    assert [own.rests_s(now=now) for now in (1.0, 11.0, 31.0, 99.0)] == [30.0, 20.0, 0.0, 0.0]


def test_what_only_its_own_calls_show_stays_open_here_alone_and_is_tried_here() -> None:
    own = circuit()
    own.failed(began=0.0, now=1.0)
    own.failed(began=0.0, now=1.0)
    own.notes(now=1.0)
    hear(own, None, now=1.2)
    assert own.why_not(now=1.2) == "its breaker is open, on this worker alone"
    assert own.why_not(now=31.0) is None
    assert own.notes(now=31.0) == []
    own.asked(now=31.0)
    own.succeeded(began=31.0, now=32.0)
    own.notes(now=32.0)
    hear(own, None, now=32.0)
    assert (own.why_not(now=32.0), own.alone) == (None, False)


def test_it_follows_the_fleet_as_soon_as_that_opens_it_too() -> None:
    own = circuit()
    own.failed(began=0.0, now=1.0)
    own.failed(began=0.0, now=1.0)
    own.notes(now=1.0)
    hear(own, None, now=1.2)
    hear(own, opened(2.0), now=2.0)
    assert own.why_not(now=31.5) == "its breaker is open"
    hear(own, None, now=31.6)
    assert own.why_not(now=31.6) is None
