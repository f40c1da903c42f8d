from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workfleet.workers.providers.ndjson import NDJSONParser


def values_of(*pieces: bytes) -> list[Any]:
    parser = NDJSONParser()
    return [value for piece in pieces for value in parser.feed(piece)] + parser.close()


@pytest.mark.parametrize(
    ("stream", "values"),
    [
        (b'{"a":1}\n{"a":2}\n', [{"a": 1}, {"a": 2}]),
        (b'{"a":1}\r\n\r\n \n{"a":2}', [{"a": 1}, {"a": 2}]),
        (b'{"a":1}\n{"a":', [{"a": 1}]),
        (b"oops\n", [None]),
        (b"", []),
    ],
    ids=["lines", "CRLF, blank lines, no last line end", "a cut line is none", "a line that is no JSON", "nothing"],
)
def test_each_line_is_a_value(stream: bytes, values: list[Any]) -> None:
    assert values_of(stream) == values


STREAM = '{"a": "é日🙂"}\r\n{"b": "\\n"}\n\n{"c": null}'.encode()


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_where_the_bytes_are_cut_makes_no_difference(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]
    assert values_of(*pieces) == values_of(STREAM) == [{"a": "é日🙂"}, {"b": "\n"}, {"c": None}]
