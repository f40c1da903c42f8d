"""Newline-delimited JSON out of bytes, as Ollama streams it."""

from typing import Any

from .json_fields import parse
from .lines import LineSplitter


class NDJSONParser:
    """Gives each line's value; a line that is no JSON is None."""

    def __init__(self) -> None:
        self._lines = LineSplitter()

    def feed(self, data: bytes) -> list[Any]:
        """The values that `data` completes. Blank lines give none."""
        return [parse(line) for line in self._lines.feed(data) if line.strip()]

    def close(self) -> list[Any]:
        """The value of a last line without its end, if the line is complete."""
        value = parse(self._lines.rest())
        return [] if value is None else [value]
