"""Where the lines of children end up."""

import asyncio
import io
import os
from pathlib import Path

import pytest

from workfleet.workers.supervision import output
from workfleet.workers.supervision.output import Prefixed, last_line, plain, pump, to_file


def test_lines_of_several_children_stand_under_each_other() -> None:
    stream = io.StringIO()
    prefixed = Prefixed(stream, color=False)
    groq, ollama = prefixed.sink("groq@host"), prefixed.sink("ollama@host")
    groq("pool.started")
    ollama("pool.started")
    assert stream.getvalue() == "groq@host   | pool.started\nollama@host | pool.started\n"


def test_children_have_colours_of_their_own_on_a_terminal() -> None:
    stream = io.StringIO()
    prefixed = Prefixed(stream, color=True)
    prefixed.sink("a")("x")
    prefixed.sink("b")("y")
    assert stream.getvalue() == "\x1b[36ma |\x1b[0m x\n\x1b[33mb |\x1b[0m y\n"


def test_lines_for_a_machine_stay_as_they_are() -> None:
    stream = io.StringIO()
    plain(stream)('{"event": "pool.started"}')
    assert stream.getvalue() == '{"event": "pool.started"}\n'


async def pumped(*chunks: bytes) -> list[str]:
    reader, lines = asyncio.StreamReader(), list[str]()
    for chunk in chunks:
        reader.feed_data(chunk)
    reader.feed_eof()
    await pump(reader, lines.append)
    return lines


@pytest.mark.parametrize(
    ("chunks", "lines"),
    [
        ([b"one\ntwo\n"], ["one", "two"]),
        ([b"on", b"e\r\ntw", b"o"], ["one", "two"]),
        (["é".encode()[:1], "é\n".encode()[1:]], ["é"]),
        ([b"\xff\n"], ["\ufffd"]),
        ([], []),
    ],
    ids=["whole lines", "pieces", "a letter in two pieces", "no text", "nothing"],
)
async def test_output_becomes_lines(chunks: list[bytes], lines: list[str]) -> None:
    assert await pumped(*chunks) == lines


async def test_a_line_without_end_is_cut_and_not_kept_in_memory() -> None:
    assert "".join(await pumped(b"x" * 3_000_000)) == "x" * 3_000_000


def test_a_big_log_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "LARGEST_LOG_BYTES", 4)
    log = tmp_path / "child.log"
    for text in (b"12345", b"6", b"7"):
        with to_file(log) as descriptor:
            os.write(descriptor, text)
    assert (tmp_path / "child.log.1").read_text() == "12345"
    assert log.read_text() == "67"


@pytest.mark.parametrize(
    ("text", "words"),
    [("one\ntwo\n\n", "two"), ("x" * 10_000 + "\nlast", "last"), ("", "it said nothing"), (None, "it said nothing")],
    ids=["the last line", "of a long log", "an empty log", "no log"],
)
def test_the_last_words_of_a_log(tmp_path: Path, text: str | None, words: str) -> None:
    log = tmp_path / "child.log"
    if text is not None:
        log.write_text(text)
    assert last_line(log) == words
