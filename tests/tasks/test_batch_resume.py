"""An output file tells what is finished, whatever a crash did to its end."""

from pathlib import Path

import pytest

from workfleet.tasks.batch_line import BatchLine, LineError, LineFault
from workfleet.tasks.batch_output import answered_line, refused_line
from workfleet.tasks.batch_resume import Finished, read_finished
from workfleet.tasks.errors import InvalidRequest
from workfleet.tasks.request import Request

REQUEST = Request.from_prompt("hi")
A = answered_line("a", "j1", {"text": "x"})
B = answered_line("b", "j2", {"text": "y"})
REFUSED = refused_line(LineError(3, None, LineFault.INVALID_JSON_LINE, "not JSON"))
VLLM = b'{"id": "vllm-1", "custom_id": "c", "response": null, "error": null}\n'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Finished()),
        (A + B, Finished(frozenset("ab"), frozenset(), len(A + B))),
        (A + REFUSED, Finished(frozenset("a"), frozenset({3}), len(A + REFUSED))),
        (A + B[:40], Finished(frozenset("a"), frozenset(), len(A))),
        (A + B[:3], Finished(frozenset("a"), frozenset(), len(A))),
        (A + b"\0" * 100, Finished(frozenset("a"), frozenset(), len(A))),
        (A + B[:-1], Finished(frozenset("ab"), frozenset(), len(A + B) - 1)),
        (VLLM, Finished(frozenset("c"), frozenset(), len(VLLM))),
    ],
    ids=[
        "empty",
        "whole lines",
        "a refused line",
        "a torn line",
        "a line torn early",
        "zeros after a power cut",
        "a whole line without its newline",
        "written by vllm run-batch",
    ],
)
def test_whole_lines_are_finished(tmp_path: Path, data: bytes, expected: Finished) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(data)
    assert read_finished(path) == expected


def test_a_file_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert read_finished(tmp_path / "out.jsonl") == Finished()


@pytest.mark.parametrize(
    "data",
    [
        b'{"custom_id": "a", "method": "POST", "url": "/v1/embeddings", "body": {}}\n',
        b"my notes, which have no newline at the end",
        A + b'{"broken\n' + B,
        b"[1]",
    ],
    ids=["the input file", "another text", "a broken line in the middle", "other JSON"],
)
def test_a_file_that_is_no_output_is_not_touched(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(data)
    with pytest.raises(InvalidRequest, match=r"is no line of a batch's output; name another output file"):
        read_finished(path)


def test_finished_lines_are_known_by_custom_id_and_refused_ones_without_by_number() -> None:
    finished = Finished(frozenset("a"), frozenset({3}))
    lines: list[BatchLine | LineError] = [
        BatchLine(1, "a", "/v1/chat/completions", None, REQUEST),
        BatchLine(3, "b", "/v1/chat/completions", None, REQUEST),
        LineError(2, "a", LineFault.INVALID_URL, "unknown url"),
        LineError(3, None, LineFault.INVALID_JSON_LINE, "not JSON"),
        LineError(4, None, LineFault.INVALID_JSON_LINE, "not JSON"),
    ]
    assert [finished.covers(line) for line in lines] == [True, False, True, True, False]
