"""What an interrupted run has finished, read from its output file."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue
from pydantic_core import from_json

from .batch_line import BatchLine, LineError
from .batch_output import LINE_START
from .errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Finished:
    """custom_ids: those that have their output line. refused: numbers of the input lines that were refused without one.

    whole_bytes: how much of the file is whole lines; what follows was torn by a crash and is to be cut.
    """

    custom_ids: frozenset[str] = frozenset()
    refused: frozenset[int] = frozenset()
    whole_bytes: int = 0

    def covers(self, line: BatchLine | LineError) -> bool:
        """Whether this input line has its output line already."""
        return line.number in self.refused if line.custom_id is None else line.custom_id in self.custom_ids


def read_finished(path: Path) -> Finished:
    """What the output file of an earlier run holds; nothing if there is none.

    Raises InvalidRequest if the file holds anything else than a batch's output, so that no other file is harmed.
    """
    custom_ids: set[str] = set()
    refused: set[int] = set()
    whole_bytes = 0
    if not path.is_file():  # a pipe or a terminal remembers nothing
        return Finished()
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            line = _output_line(raw)
            if line is None and _torn(raw):
                break
            if line is None:
                raise InvalidRequest(f"{path}, line {number}, is no line of a batch's output; name another output file")
            _note(line, custom_ids, refused)
            whole_bytes += len(raw)
    return Finished(frozenset(custom_ids), frozenset(refused), whole_bytes)


def _torn(raw: bytes) -> bool:
    """Whether these bytes are the start of a line of ours, or what a power cut leaves of one."""
    if raw.endswith(b"\n"):
        return False
    return raw.startswith(LINE_START[: len(raw)]) or not raw.strip(b"\0")


def _output_line(raw: bytes) -> dict[str, JsonValue] | None:
    try:
        line: JsonValue = from_json(raw)
    except ValueError:
        return None
    return line if isinstance(line, dict) and {"custom_id", "response", "error"} <= line.keys() else None


def _note(line: dict[str, JsonValue], custom_ids: set[str], refused: set[int]) -> None:
    if isinstance(custom_id := line["custom_id"], str):
        custom_ids.add(custom_id)
    elif isinstance(error := line["error"], dict) and isinstance(number := error.get("line"), int):
        refused.add(number)
