"""What every dialect keeps to, whatever a server sends. A new dialect adds a `Speaker` to `speakers.py`."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, FinishReason
from workfleet.workers.providers.dialect import Delta, Reply
from workfleet.workers.providers.dialects import DIALECTS
from workfleet.workers.providers.rows import ROWS

from .speakers import CALL, SPEAKERS, Speaker, ndjson, sse

every_dialect = pytest.mark.parametrize("speaker", SPEAKERS, ids=[speaker.dialect for speaker in SPEAKERS])


def follow(speaker: Speaker, *pieces: bytes) -> tuple[list[Delta], Answer | Failure]:
    decoder = speaker.speaks.decoder(speaker.ask(stream=True), Reply(200))
    deltas = [delta for piece in pieces for delta in decoder.feed(piece)]
    return deltas, decoder.finish()


def test_every_dialect_has_a_speaker() -> None:
    assert {speaker.dialect for speaker in SPEAKERS} == set(DIALECTS)


@every_dialect
def test_the_same_answer_is_read_whole_and_streamed(speaker: Speaker) -> None:
    whole = speaker.speaks.decode(speaker.ask(), Reply(200, {}, speaker.whole))
    deltas, streamed = follow(speaker, speaker.stream)
    assert isinstance(whole, Answer)
    assert streamed == whole
    assert (whole.text, whole.reasoning, whole.finish_reason) == ("Grüße 🙂", "Hm…", FinishReason.TOOL_CALLS)
    assert json.loads(whole.tool_calls[0].function.arguments) == CALL["arguments"]
    assert (whole.usage.input_tokens, whole.usage.output_tokens, whole.usage.source) == (9, 6, "provider")
    assert ("".join(d.text for d in deltas), "".join(d.reasoning for d in deltas)) == ("Grüße 🙂", "Hm…")


@every_dialect
@given(data=st.data())
def test_where_the_bytes_are_cut_makes_no_difference(speaker: Speaker, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(speaker.stream)), max_size=20))
    edges = [0, *sorted(cuts), len(speaker.stream)]
    pieces = [speaker.stream[start:end] for start, end in pairwise(edges)]
    assert follow(speaker, *pieces) == follow(speaker, speaker.stream)


@every_dialect
@given(data=st.data())
def test_a_stream_that_breaks_off_is_never_an_answer(speaker: Speaker, data: st.DataObject) -> None:
    # What follows the terminal marker itself, a line end or two, may be missing.
    length = data.draw(st.integers(0, len(speaker.stream.rstrip()) - 1))
    _, outcome = follow(speaker, speaker.stream[:length])
    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.TRANSPORT


@every_dialect
@given(data=st.data())
def test_an_error_in_the_middle_of_a_stream_is_a_failure(speaker: Speaker, data: st.DataObject) -> None:
    events = speaker.stream.splitlines(keepends=True)
    ends = [at for at in range(len(events)) if at % 2 == 0 or speaker.dialect == "ollama"]
    until = data.draw(st.sampled_from(ends[:-1]))
    _, outcome = follow(speaker, b"".join(events[:until]), speaker.error)
    assert isinstance(outcome, Failure)
    assert outcome.fault is Fault.SERVER


FIELDS = (
    "error",
    "choices",
    "message",
    "content",
    "delta",
    "index",
    "usage",
    "data",
    "embedding",
    "code",
    "models",
    "tool_calls",
    "function",
    "arguments",
    "prompt_tokens",
    "done",
    "metadata",
    "detail",
    "loc",
    "id",
    "name",
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@every_dialect
@given(value=json_values, status=st.sampled_from([200, 301, 400, 404, 429, 500, 503]))
def test_no_json_makes_a_dialect_raise(speaker: Speaker, value: Any, status: int) -> None:
    reply = Reply(status, {"retry-after": str(value)}, json.dumps(value).encode())
    assert isinstance(speaker.speaks.failure(reply), Failure)
    assert isinstance(speaker.speaks.decode(speaker.ask(), reply), Answer | Failure)
    assert isinstance(speaker.speaks.models(ROWS[speaker.row], reply), tuple | Failure)
    follow(speaker, sse(value), ndjson(value))


@every_dialect
@given(body=st.binary(max_size=200))
def test_no_bytes_make_a_dialect_raise(speaker: Speaker, body: bytes) -> None:
    assert isinstance(speaker.speaks.failure(Reply(500, {}, body)), Failure)
    assert isinstance(speaker.speaks.decode(speaker.ask(), Reply(200, {}, body)), Failure | Answer)
    follow(speaker, body)
