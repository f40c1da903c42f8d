import pytest

from workfleet.routing.calibration import ENOUGH, Estimated, Kind
from workfleet.tasks.request import Request
from workfleet.tasks.request_size import sized
from workfleet.workers.calibration.gauge import Gauge

ASKED = Request.from_prompt("Write a test for the parser of our configuration, please. " * 20)
RAW = sized(ASKED).input_tokens
SHOWN = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://e.org/cat.png"}}]}


def taught(*factors: float, target: str = "one/m") -> Gauge:
    gauge = Gauge()
    for factor in factors:
        gauge.learn(gauge.estimate(target, ASKED), round(RAW * factor))
    return gauge


def test_an_estimate_becomes_what_the_provider_counts() -> None:
    assert taught(*[1.6] * ENOUGH).estimate("one/m", ASKED).tokens == pytest.approx(1.6 * RAW, rel=0.01)


def test_what_one_model_counts_says_nothing_of_another() -> None:
    kind = Kind("one/other", "middling")
    assert taught(*[1.6] * ENOUGH).estimate("one/other", ASKED) == Estimated(kind, RAW, RAW)


def test_errors_are_of_the_estimates_that_were_made_then() -> None:
    (news,) = taught(*[1.02**20] * (ENOUGH + 2)).news.values()
    assert news.before == {-20: ENOUGH + 2}
    assert news.after == {-20: ENOUGH, 0: 2}


@pytest.mark.parametrize(
    ("request_", "counted"),
    [
        pytest.param(ASKED, 0, id="no count"),
        pytest.param(Request(kind="embedding", input=("",)), 3, id="an empty text"),
        pytest.param(Request.model_validate({"messages": [SHOWN]}), 500, id="pictures"),
    ],
)
def test_of_what_is_no_text_that_was_counted_nothing_is_learned(request_: Request, counted: int) -> None:
    gauge = Gauge()
    gauge.learn(gauge.estimate("one/m", request_), counted)
    assert gauge.news == {}


def test_where_nobody_needs_estimates_a_few_calls_are_measured() -> None:
    gauge = Gauge()
    assert sum(gauge.due("one/m") for _ in range(32 + 160)) == 32 + 10
    assert gauge.due("one/other")


def test_names_without_end_are_forgotten() -> None:
    gauge = Gauge()
    for number in range(2000):
        gauge.due(f"one/{number}")
        gauge.estimate(f"one/{number}", ASKED)
    assert len(gauge.known) <= 512


def test_targets_that_count_more_are_told_apart_from_those_that_count_less() -> None:
    gauge = taught(*[1.6] * ENOUGH)
    for _ in range(ENOUGH):
        gauge.learn(gauge.estimate("one/less", ASKED), RAW // 2)
    assert gauge.raised(ASKED) == {"one/m": pytest.approx(1.6, rel=0.01)}
    assert gauge.raised(Request.from_prompt("hi")) == {}
