import pytest

from workfleet.workers.simulator.ask import Ask, Operation
from workfleet.workers.simulator.residents import Residents


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(model: str = "m", num_ctx: int | None = 4096, keep_alive: str | float | None = None) -> Ask:
    return Ask(Operation.CHAT, model, "", 0, num_ctx=num_ctx, keep_alive=keep_alive)


def test_a_model_is_loaded_once() -> None:
    residents = Residents(Clock())
    assert [residents.use(ask(), 8192) for _ in range(3)] == [True, False, False]


def test_another_context_size_loads_the_model_again() -> None:
    residents = Residents(Clock())
    assert [residents.use(ask(num_ctx=size), 8192) for size in (4096, 8192, 8192, None, 4096)] == [
        True,
        True,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("keep_alive", "after_s", "loads_again"),
    [
        pytest.param(None, 299, False, id="five minutes unless told otherwise"),
        pytest.param(None, 301, True, id="and no longer"),
        pytest.param("10s", 11, True, id="a time"),
        pytest.param(60, 59, False, id="seconds"),
        pytest.param(-1, 1e9, False, id="for ever"),
        pytest.param("-1m", 1e9, False, id="for ever, as text"),
        pytest.param(0, 0, True, id="unloaded at once"),
        pytest.param("soon", 299, False, id="nonsense is the default"),
    ],
)
def test_a_model_stays_in_memory_as_long_as_keep_alive_says(
    keep_alive: str | float | None, after_s: float, loads_again: bool
) -> None:
    clock = Clock()
    residents = Residents(clock)
    residents.use(ask(keep_alive=keep_alive), 8192)
    clock.now = after_s
    assert residents.use(ask(), 8192) is loads_again


def test_what_is_in_memory_is_told_with_its_context_and_the_time_left() -> None:
    clock = Clock()
    residents = Residents(clock)
    residents.use(ask("short", keep_alive="10s"), 8192)
    residents.use(ask("long", num_ctx=None), 8192)
    residents.use(ask("ever", keep_alive=-1), 8192)
    clock.now = 100
    assert residents.present() == {"long": (8192, 200), "ever": (4096, None)}
