"""Lines are appended whole, by one process at a time, and a full disk takes none of them back."""

import errno
import os
import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from workfleet.tasks.line_file import CannotWrite, LineFile


@contextmanager
def disk_of(size: int) -> Generator[None]:
    """No file may grow beyond `size` bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_lines_are_appended_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"one\n")
    with LineFile(path) as file:
        file.write([b"two\n", b"three\n"])
        assert path.read_bytes() == b"one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("whole", "expected"),
    [(0, b"new\n"), (4, b"one\nnew\n"), (7, b"one\ntwo\nnew\n")],
    ids=["start anew", "cut the torn line", "end a line that lacks its newline"],
)
def test_only_what_is_whole_is_kept(tmp_path: Path, whole: int, expected: bytes) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"one\ntwo")
    with LineFile(path) as file:
        file.keep(whole)
        file.write([b"new\n"])
    assert path.read_bytes() == expected


def test_a_full_disk_is_a_clear_error_and_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with LineFile(path) as file:
        file.write([b"one\n"])
        with disk_of(10), pytest.raises(CannotWrite, match=f"cannot write {path}: File too large"):
            file.write([b"a line that does not fit\n"])
        assert path.read_bytes() == b"one\n"
        file.write([b"two\n"])
    assert path.read_bytes() == b"one\ntwo\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_without_space_is_a_clear_error() -> None:
    with LineFile(Path("/dev/full")) as file, pytest.raises(CannotWrite, match="/dev/full: No space left on device"):
        file.write([b"one\n"])


def test_a_pipe_takes_lines(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with LineFile(path) as file:
        reader = os.open(path, os.O_RDONLY)
        file.keep(0)
        file.write([b"one\n"])
        assert os.read(reader, 100) == b"one\n"
        os.close(reader)


def test_a_second_writer_is_refused_until_the_first_is_done(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with LineFile(path), pytest.raises(CannotWrite, match="another process is writing it"):
        LineFile(path)
    LineFile(path).close()


@pytest.mark.parametrize("name", ["", "missing/out.jsonl"], ids=["a folder", "in no folder"])
def test_a_path_that_cannot_be_written_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotWrite, match=f"cannot write {tmp_path / name}: "):
        LineFile(tmp_path / name)


def test_what_does_not_reach_the_disk_at_the_end_is_a_clear_error_and_others_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a disk on the network tells of it: only when everything is to be there."""
    path = tmp_path / "out.jsonl"

    def broken(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    file = LineFile(path)
    file.write([b"one\n"])
    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", broken)
        with pytest.raises(CannotWrite, match=f"cannot write {path}: Input/output error"):
            file.close()
    with LineFile(path) as again:
        again.write([b"two\n"])
    assert path.read_bytes() == b"one\ntwo\n"
