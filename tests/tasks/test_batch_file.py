"""A batch input file is read line by line, and a bad line costs only itself."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from workfleet.tasks.batch_file import opened, read_batch
from workfleet.tasks.batch_line import BatchLine, LineError, LineFault
from workfleet.tasks.errors import InvalidRequest
from workfleet.tasks.request import Message, Request

URL = "/v1/chat/completions"
REQUEST = Request(messages=(Message(role="user", content="hi"),), keep_body=True)


def line(custom_id: Any = "a", **changes: Any) -> bytes:
    body = {"model": "tiny", "messages": [{"role": "user", "content": "hi"}]}
    return json.dumps({"custom_id": custom_id, "method": "POST", "url": URL, "body": body} | changes).encode()


def read(data: bytes, limit: int = 10_000) -> list[BatchLine | LineError]:
    return list(read_batch(io.BytesIO(data), max_line_bytes=limit))


def good(number: int, custom_id: str) -> BatchLine:
    return BatchLine(number, custom_id, URL, "tiny", REQUEST)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(line("a") + b"\n" + line("b") + b"\n", id="plain"),
        pytest.param(line("a") + b"\n" + line("b"), id="no newline at the end"),
        pytest.param(line("a") + b"\r\n" + line("b") + b"\r\n", id="Windows line ends"),
        pytest.param(b"\xef\xbb\xbf" + line("a") + b"\n" + line("b"), id="byte order mark"),
    ],
)
def test_every_line_is_a_request(data: bytes) -> None:
    assert read(data) == [good(1, "a"), good(2, "b")]


def test_blank_lines_are_skipped_and_counted() -> None:
    assert read(b"\n" + line("a") + b"\n  \t\n\r\n" + line("b") + b"\n\n") == [good(2, "a"), good(5, "b")]


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf"], ids=["empty", "blank", "only a byte order mark"])
def test_a_file_of_nothing_has_no_lines(data: bytes) -> None:
    assert read(data) == []


@pytest.mark.parametrize(
    ("raw", "custom_id", "code", "message"),
    [
        (b"{oops", None, "invalid_json_line", "not JSON: key must be a string at line 1 column 2"),
        (
            b'{"custom_id": "\xff"}',
            None,
            "invalid_json_line",
            "not JSON: invalid unicode code point at line 1 column 16",
        ),
        (b'["a"]', None, "invalid_json_line", "not a JSON object"),
        (b'{"x": NaN}', None, "invalid_json_line", "not JSON: expected value at line 1 column 7"),
        (b"{}", None, "missing_required_parameter", "custom_id is missing"),
        (line(7), None, "invalid_custom_id", "custom_id is 7, not a text"),
        (line(""), None, "invalid_custom_id", "custom_id is '', not a text"),
        (line("x" * 513), None, "invalid_custom_id", "custom_id has 513 characters; at most 512 are allowed"),
        (b'{"custom_id": "a"}', "a", "missing_required_parameter", "method is missing"),
        (b'{"custom_id": "a", "method": "POST"}', "a", "missing_required_parameter", "url is missing"),
        (
            b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions"}',
            "a",
            "missing_required_parameter",
            "body is missing",
        ),
        (line(method="GET"), "a", "invalid_method", "method is 'GET'; only POST is served"),
        (
            line(url="/v1/images"),
            "a",
            "invalid_url",
            "unknown url '/v1/images'; known: /v1/chat/completions, /v1/completions, /v1/embeddings",
        ),
        (line(body=[]), "a", "invalid_request", "body is not an object"),
        (line(body={"model": 5}), "a", "invalid_request", "model is 5, not a name"),
        (
            line(body={"messages": []}),
            "a",
            "invalid_request",
            "messages is empty; a chat request needs at least one message",
        ),
    ],
    ids=[
        "broken JSON",
        "not UTF-8",
        "a list",
        "NaN",
        "no custom_id",
        "a number as custom_id",
        "an empty custom_id",
        "a long custom_id",
        "no method",
        "no url",
        "no body",
        "another method",
        "another url",
        "a list as body",
        "a number as model",
        "no messages",
    ],
)
def test_a_bad_line_says_what_is_wrong_and_the_next_is_read(
    raw: bytes, custom_id: str | None, code: str, message: str
) -> None:
    refused, after = read(raw + b"\n" + line("b"))
    assert isinstance(refused, LineError)
    assert (refused.number, refused.custom_id, refused.code, refused.message) == (1, custom_id, code, message)
    assert after == good(2, "b")


def test_a_bad_body_names_the_path_of_its_field() -> None:
    (refused,) = read(line(body={"messages": [{"role": "user", "content": "hi"}], "max_tokens": -1}))
    message = "max_tokens: input should be greater than or equal to 1, not -1"
    assert refused == LineError(1, "a", LineFault.INVALID_REQUEST, message, "body.max_tokens")


@pytest.mark.parametrize("first", [line("a"), line("a", method="GET")], ids=["good", "bad"])
def test_a_second_line_of_the_same_custom_id_is_answered_without_it(first: bytes) -> None:
    second = read(first + b"\n" + line("a"))[1]
    message = "custom_id 'a' was used by an earlier line"
    assert second == LineError(2, None, LineFault.DUPLICATE_CUSTOM_ID, message, "custom_id")


class CountingFile(io.BytesIO):
    """Remembers the longest piece that was asked for."""

    longest = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        piece = super().readline(size)
        self.longest = max(self.longest, len(piece))
        return piece


def test_a_line_above_the_limit_is_skipped_without_being_held() -> None:
    file = CountingFile(line("a") + b"\n" + b"x" * 5_000_000 + b"\n" + line("b"))
    lines = list(read_batch(file, max_line_bytes=1000))
    assert lines == [good(1, "a"), LineError(2, None, LineFault.LINE_TOO_LONG, "longer than 1,000 bytes"), good(3, "b")]
    assert file.longest <= 1024 * 1024


def test_a_line_of_exactly_the_limit_is_read() -> None:
    data = line("a")
    assert read(data + b"\n", limit=len(data)) == [good(1, "a")]
    assert read(data, limit=len(data)) == [good(1, "a")]


def test_an_endless_last_line_is_refused_too() -> None:
    assert read(b"x" * 50, limit=10) == [LineError(1, None, LineFault.LINE_TOO_LONG, "longer than 10 bytes")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (line().decode().encode("utf-16"), r"in\.jsonl is UTF-16; save it as UTF-8"),
        (b"\x1f\x8b\x08\x00", r"in\.jsonl is compressed by gzip; unpack it first"),
        (b"PK\x03\x04abc", r"in\.jsonl is a zip archive; unpack it first"),
    ],
    ids=["UTF-16", "gzip", "zip"],
)
def test_a_file_that_is_no_text_is_refused_as_a_whole(tmp_path: Path, data: bytes, message: str) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(data)
    with pytest.raises(InvalidRequest, match=message):
        opened(source)


def test_a_file_is_opened_at_its_first_byte(tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_bytes(line("a"))
    with opened(source) as file:
        assert list(read_batch(file)) == [good(1, "a")]
