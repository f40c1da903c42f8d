from pathlib import Path
from typing import Any

import pytest

from workfleet.routing.calibration import ENOUGH, Errors
from workfleet.workers.bench.estimates import measure_estimates
from workfleet.workers.calibration.books import Accuracy
from workfleet.workers.cli.exchange_file import exchanges_in
from workfleet.workers.providers.exchange import Exchange

BESIDE = Path(__file__).parents[4] / "shared" / "recordings" / "exchanges.jsonl"
WORDS = "Write a test for the parser of our configuration, please. " * 40


def exchange(counted: int, content: Any = WORDS) -> Exchange:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}
    usage = {"prompt_tokens": counted, "completion_tokens": 1}
    return Exchange.of(
        {
            "name": "n",
            "provider": "openai",
            "url": "https://api.openai.com/v1/chat/completions",
            "request": {"model": "m", "messages": [{"role": "user", "content": content}]},
            "status": 200,
            "response_headers": {"content-type": "application/json"},
            "response": {"id": "r", "model": "m", "choices": [choice], "usage": usage},
        }
    )


def test_a_call_is_estimated_by_all_the_others() -> None:
    raw = exchange(1).ask.request
    same = measure_estimates([exchange(2000)] * (ENOUGH + 1))
    assert raw.text == WORDS
    assert same.known.after == Errors({0: ENOUGH + 1})
    assert same.known.before.mean == pytest.approx(0.72, abs=0.02)
    assert [line.target for line in same.lines] == ["openai/m"]


def test_too_few_others_change_nothing() -> None:
    found = measure_estimates([exchange(2000)] * ENOUGH)
    assert (found.known, found.left_out) == (Accuracy(), 0)
    assert found.lines[0].accuracy.before == found.lines[0].accuracy.after


def test_calls_without_a_count_and_those_with_pictures_are_left_out() -> None:
    picture = {"type": "image_url", "image_url": {"url": "https://e.org/cat.png"}}
    found = measure_estimates([exchange(0), exchange(800, [picture])])
    assert (found.lines, found.left_out) == ([], 2)


@pytest.mark.skipif(not BESIDE.exists(), reason="the recordings are not beside this repository")
def test_recorded_calls_like_others_are_estimated_better_by_what_those_were() -> None:
    found = measure_estimates(exchanges_in(BESIDE))
    assert found.known.before.calls >= 20
    before, after = found.known.before, found.known.after
    assert before.mean is not None
    assert after.mean is not None
    assert after.mean < 0.7 * before.mean
