"""Tool calls as they come in a stream, also those that the end of the answer cuts."""

from typing import Any

import pytest

from workfleet.tasks.answer import Answer, FinishReason
from workfleet.workers.providers.dialect import Reply

from ..speakers import ANTHROPIC, event, sse

TOOL: dict[str, Any] = {"type": "tool_use", "id": "call_0", "name": "f", "input": {}}


@pytest.mark.parametrize(
    ("pieces", "arguments"),
    [
        (['{"city": ', '"Köln"}'], '{"city": "Köln"}'),
        (['{"city": "Kö'], '{"city": "Kö'),
        (["false"], "false"),
        (["{}"], "{}"),
        ([""], "{}"),
    ],
    ids=["whole", "cut", "no object", "without arguments", "nothing at all"],
)
def test_arguments_are_what_the_model_wrote(pieces: list[str], arguments: str) -> None:
    decoder = ANTHROPIC.speaks.decoder(ANTHROPIC.ask(stream=True), Reply(200))
    written = [
        event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": piece})
        for piece in pieces
    ]
    deltas = decoder.feed(
        sse(
            event("message_start", message={"id": "c", "model": "m", "content": []}),
            event("content_block_start", index=0, content_block=TOOL),
            *written,
            event("message_delta", delta={"stop_reason": "max_tokens"}, usage={"output_tokens": 9}),
            event("message_stop"),
        )
    )
    found = decoder.finish()
    assert isinstance(found, Answer)
    assert (found.tool_calls[0].function.arguments, found.finish_reason) == (arguments, FinishReason.LENGTH)
    streamed = "".join(fragment.arguments for delta in deltas for fragment in delta.tool_calls)
    assert streamed == "".join(pieces)
