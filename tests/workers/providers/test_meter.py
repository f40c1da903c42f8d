"""What a call that breaks off is booked with: the provider's count as far as it goes, and an estimate of the rest."""

import pytest

from workfleet.routing.tokens import estimate_tokens
from workfleet.tasks.answer import ToolFragment, Usage
from workfleet.tasks.request import Request
from workfleet.tasks.request_size import sized
from workfleet.workers.providers.dialect import Delta
from workfleet.workers.providers.meter import Meter

ASKED = Request.from_prompt("What is the capital of France?")
WORDS = "The capital of France is Paris."
INPUT, OUTPUT = sized(ASKED).input_tokens, estimate_tokens(WORDS)
COUNTED = Usage(input_tokens=20, cached_read_tokens=8, output_tokens=3)
CHARGED = Usage(input_tokens=20, output_tokens=9, cost_usd=0.5, cost_source="receipt")
ESTIMATED = Usage(input_tokens=INPUT, output_tokens=OUTPUT, source="estimate")


@pytest.mark.parametrize(
    ("deltas", "usage"),
    [
        ([], None),
        ([Delta(), Delta()], None),
        ([Delta(text=WORDS)], ESTIMATED),
        ([Delta(reasoning=WORDS[:9]), Delta(text=WORDS[9:])], ESTIMATED),
        ([Delta(tool_calls=(ToolFragment(0, name=WORDS[:3], arguments=WORDS[3:]),))], ESTIMATED),
        ([Delta(usage=COUNTED)], COUNTED),
        ([Delta(text="hello", usage=COUNTED)], COUNTED),
        ([Delta(text="hello"), Delta(usage=CHARGED)], CHARGED),
        (
            [Delta(usage=COUNTED), Delta(text=WORDS)],
            COUNTED.model_copy(update={"output_tokens": 3 + OUTPUT, "source": "estimate"}),
        ),
        (
            [Delta(usage=CHARGED), Delta(text=WORDS)],
            Usage(input_tokens=20, output_tokens=9 + OUTPUT, source="estimate"),
        ),
    ],
    ids=[
        "nothing came",
        "it was alive",
        "text",
        "thoughts count",
        "a tool call counts",
        "the provider's count of the prompt",
        "a count has what comes with it",
        "and what came before, and a receipt is one",
        "what comes after it is estimated",
        "and then the receipt is not all of it",
    ],
)
def test_a_call_has_used_what_has_come(deltas: list[Delta], usage: Usage | None) -> None:
    meter = Meter()
    for delta in deltas:
        meter.take(delta)
    assert meter.usage(ASKED) == usage
