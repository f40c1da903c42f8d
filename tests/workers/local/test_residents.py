"""What a pool knows of a server's memory."""

from workfleet.workers.local.eviction import TURN_S, Go, Wait
from workfleet.workers.local.residents import Residents
from workfleet.workers.providers.ollama.models import InMemory

GB = 1_000_000_000
FILES = {"a:latest": 4 * GB, "b:latest": 4 * GB, "c:1b": GB}


def residents(*loaded: str, budget_gb: float = 6) -> Residents:
    made = Residents(int(budget_gb * GB))
    made.heard([InMemory(name, 5 * GB, "soon") for name in loaded], FILES, now=0.0)
    return made


def test_an_idle_model_makes_room_and_counts_as_gone_at_once() -> None:
    memory = residents("a:latest")
    assert memory.ask("b", now=1.0) == Go(("a:latest",))
    assert memory.ask("a", now=1.0) == Wait("b:latest is being loaded")
    memory.heard([InMemory("b:latest", 5 * GB, "soon")], FILES, now=2.0)
    assert memory.ask("a", now=2.0) == Wait("it takes about 5.0 GB of 6.0 GB, and b:latest (5.0 GB) is in use")
    memory.ended("b", now=3.0)
    assert memory.ask("a", now=3.0) == Go(("b:latest",))


def test_one_is_loaded_at_a_time_and_what_is_loaded_is_asked_meanwhile() -> None:
    memory = residents("a:latest", budget_gb=20)
    assert memory.ask("b", now=1.0) == Go()
    assert memory.ask("c:1b", now=1.0) == Wait("b:latest is being loaded")
    assert [memory.ask(name, now=1.0) for name in ("a", "b")] == [Go(), Go()]
    memory.ended("b", now=2.0)
    assert memory.ask("c:1b", now=2.0) == Go()


def test_what_others_use_is_not_the_least_recently_used() -> None:
    memory = residents("a:latest", "b:latest", budget_gb=11)
    memory.heard([InMemory("a:latest", 5 * GB, "later"), InMemory("b:latest", 5 * GB, "soon")], FILES, now=9.0)
    assert memory.ask("c:1b", now=10.0) == Go(("b:latest",))


def test_models_that_wait_are_told_by_the_names_that_were_used_until_there_is_room() -> None:
    memory = residents("b:latest")
    assert memory.ask("b", now=1.0) == Go()
    why = "it takes about 4.8 GB of 6.0 GB, and b:latest (5.0 GB) is in use"
    assert memory.ask("a", now=1.0) == Wait(why)
    assert memory.out(now=2.0) == {"a": why}
    assert memory.ask("a:latest", now=2.0) == Wait(why)
    assert memory.out(now=2.0) == {"a": why, "a:latest": why}
    memory.ended("b", now=3.0)
    assert memory.out(now=3.0) == {}


def test_a_model_whose_calls_never_pause_lets_another_one_in_after_a_while_and_then_waits_itself() -> None:
    memory = residents("b:latest")
    assert memory.ask("b", now=0.0) == Go()
    assert isinstance(memory.ask("a", now=0.0), Wait)
    assert memory.ask("b", now=TURN_S - 1) == Go()
    assert memory.ask("b", now=TURN_S) == Wait("it is the turn of a:latest, which has waited for 60 s")
    for _ in range(2):
        memory.ended("b", now=TURN_S)
    assert memory.ask("a", now=TURN_S + 1) == Go(("b:latest",))
    assert isinstance(memory.ask("b", now=TURN_S + 2), Wait)


def test_the_turn_of_a_model_that_nobody_asks_for_any_more_passes() -> None:
    memory = residents("b:latest")
    memory.ask("b", now=0.0)
    memory.ask("a", now=0.0)
    memory.ended("b", now=TURN_S)
    assert set(memory.out(now=TURN_S)) == {"b"}
    assert memory.out(now=TURN_S + 6) == {}
    assert memory.ask("b", now=TURN_S + 6) == Go()
