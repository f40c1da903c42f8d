from random import Random

import pytest

from workfleet.workers.simulator.ask import Ask, Operation
from workfleet.workers.simulator.faults.board import Board
from workfleet.workers.simulator.faults.spec import FaultSpec


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


CHAT = Ask(Operation.CHAT, "m", "", 0)


def board_with(*faults: str, clock: Clock | None = None) -> Board:
    board = Board(clock or Clock(), Random(1))
    for fault in faults:
        board.switch_on(FaultSpec.parse(fault))
    return board


def struck(board: Board, ask: Ask = CHAT, dialect: str = "openai", provider: str = "openai") -> list[str]:
    return [strike.fault.name for strike in board.strikes(provider, dialect, ask.operation, ask)]


def test_nothing_strikes_unless_it_is_on() -> None:
    assert struck(board_with()) == []


def test_all_faults_that_are_on_strike_in_the_order_they_were_switched_on() -> None:
    assert struck(board_with("slow-tokens", "http-500")) == ["slow-tokens", "http-500"]


def test_a_fault_is_switched_off_by_its_name_or_with_all() -> None:
    board = board_with("slow-tokens", "http-500", "usage-missing")
    assert board.switch_off("http-500") == ["http-500"]
    assert struck(board) == ["slow-tokens", "usage-missing"]
    assert board.switch_off() == ["slow-tokens", "usage-missing"]
    assert struck(board) == []


def test_a_fault_may_be_on_at_some_providers_and_off_at_others() -> None:
    board = board_with("http-500:provider=groq", "http-500:provider=google", "slow-tokens")
    assert struck(board, provider="groq") == ["http-500", "slow-tokens"]
    assert struck(board, dialect="gemini", provider="gemini") == ["http-500", "slow-tokens"]
    assert struck(board, provider="together") == ["slow-tokens"]
    assert board.switch_off("http-500:provider=groq") == ["http-500:provider=groq"]
    assert struck(board, provider="groq") == ["slow-tokens"]
    assert board.switch_off("http-500") == ["http-500:provider=gemini"]


def test_the_rate_is_the_share_of_requests_that_are_struck() -> None:
    board = board_with("http-500:rate=0.3")
    assert sum(bool(struck(board)) for _ in range(2_000)) == pytest.approx(600, abs=60)


def test_after_and_for_count_requests_that_it_could_strike() -> None:
    board = board_with("http-500:after=2,for=3")
    assert [bool(struck(board)) for _ in range(7)] == [False, False, True, True, True, False, False]


def test_requests_that_it_cannot_strike_are_not_counted() -> None:
    board = board_with("http-500:after=1,model=big")
    big = Ask(Operation.CHAT, "big", "", 0)
    assert [bool(struck(board, ask)) for ask in (big, CHAT, CHAT, big)] == [False, False, False, True]


def test_after_and_for_may_be_times() -> None:
    clock, seen = Clock(), list[bool]()
    board = board_with("http-500:after=5s,for=10s", clock=clock)
    for clock.now in (100, 104.9, 105, 114.9, 115, 200):
        seen.append(bool(struck(board)))
    assert seen == [False, False, True, True, False, False]


def test_a_flapping_provider_is_down_in_the_first_half_of_each_period() -> None:
    clock, seen = Clock(), list[bool]()
    board = board_with("flapping:amount=10", clock=clock)
    for clock.now in (100, 104, 106, 109, 111, 116):
        seen.append(bool(struck(board)))
    assert seen == [True, True, False, False, True, False]


@pytest.mark.parametrize(
    ("fault", "ask", "dialect", "strikes"),
    [
        pytest.param("choices-null", CHAT, "ollama", False, id="another dialect"),
        pytest.param("listing-bare", CHAT, "openai", False, id="another operation"),
        pytest.param("crlf", CHAT, "openai", False, id="not a stream"),
        pytest.param("http-500:model=big", CHAT, "openai", False, id="another model"),
        pytest.param("refuse", CHAT, "openai", False, id="the listener's faults strike no request"),
        pytest.param("http-500:model=m", CHAT, "openai", True, id="this model"),
    ],
)
def test_a_fault_strikes_only_what_it_is_made_for(fault: str, ask: Ask, dialect: str, strikes: bool) -> None:
    assert bool(struck(board_with(fault), ask, dialect)) is strikes


def test_what_it_could_strike_and_did_is_counted() -> None:
    board = board_with("http-500:after=1")
    for _ in range(3):
        struck(board)
    assert [(active.seen, active.struck) for active in board.active] == [(3, 2)]
