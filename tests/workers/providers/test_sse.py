from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.workers.providers.sse import Event, SSEParser


def events_of(*pieces: bytes) -> list[Event]:
    parser = SSEParser()
    return [event for piece in pieces for event in parser.feed(piece)] + parser.close()


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\ndata: b\n\n", [Event("a"), Event("b")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [Event("a"), Event("b")]),
        (b"data: a\r\rdata: b\r\r", [Event("a"), Event("b")]),
        (b"data: a\ndata: b\n\n", [Event("a\nb")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Event("a")]),
        (b"data:a\n\ndata:  b\n\n", [Event("a"), Event(" b")]),
        (b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\ndata: a\n\n", [Event("a")]),
        (b"event: error\ndata: a\n\ndata: b\n\n", [Event("a", "error"), Event("b")]),
        (b"event: ping\n\ndata: a\n\n", [Event("a")]),
        (b"id: 7\nretry: 3\ndata: a\nunknown: x\n\n", [Event("a")]),
        (b"data\n\ndata: a\n\n", [Event(""), Event("a")]),
        (b"data: a\n\ndata: b", [Event("a"), Event("b")]),
        (b"data: a\n\ndata: b\n", [Event("a"), Event("b")]),
        ("data: é日🙂\n\n".encode(), [Event("é日🙂")]),
        (b"data: \xff\n\n", [Event("\ufffd")]),
        (b"", []),
        (b"\n\n\n", []),
    ],
    ids=[
        "LF",
        "CRLF",
        "CR",
        "several data lines are one event",
        "a byte order mark is no content",
        "one blank after the colon is none",
        "comments are none",
        "an event has a name",
        "an event without data is none",
        "other fields are none",
        "a field without a colon is empty",
        "the last event needs no line end",
        "the last event needs no blank line",
        "UTF-8",
        "bytes that are no UTF-8",
        "nothing",
        "blank lines",
    ],
)
def test_events_are_read_as_the_standard_says(stream: bytes, events: list[Event]) -> None:
    assert events_of(stream) == events


def test_an_event_is_given_out_as_soon_as_it_is_complete() -> None:
    parser = SSEParser()
    steps = [parser.feed(piece) for piece in (b"data: a\r", b"\n\r", b"\ndata: b", b"\n", b"\n")]
    assert steps == [[], [Event("a")], [], [], [Event("b")]]


STREAM = (
    '\ufeff: hi\r\ndata: é日🙂\r\n\r\nevent: x\ndata:1\ndata: 2\n\n\r\rdata: {"a": 1}\r\r: bye\ndata: last'.encode()
)


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_where_the_bytes_are_cut_makes_no_difference(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]
    assert events_of(*pieces) == events_of(STREAM)
