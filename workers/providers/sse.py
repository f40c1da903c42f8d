"""Server-sent events out of bytes (WHATWG HTML, 9.2.6), one deviation: a last event without its blank line counts.

Providers send CRLF or LF, comments to keep the connection alive, several `data` lines to an event, and no blank after
the colon; all of that is the standard's, and all of it has been seen.
"""

from dataclasses import dataclass

from .lines import LineSplitter

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Event:
    data: str
    name: str = "message"


class SSEParser:
    def __init__(self) -> None:
        self._lines = LineSplitter()
        self._at_start = True
        self._data: list[str] = []
        self._name = ""

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Comments give none."""
        return [event for line in self._lines.feed(data) if (event := self._take(line)) is not None]

    def close(self) -> list[Event]:
        """The event that the end of the stream completes, if there is one."""
        last = self._take(self._lines.rest()) or self._dispatch()
        return [last] if last else []

    def _take(self, line: bytes) -> Event | None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
        elif field == b"event":
            self._name = value.removeprefix(b" ").decode("utf-8", "replace")
        return None

    def _dispatch(self) -> Event | None:
        data, name = self._data, self._name
        self._data, self._name = [], ""
        return Event("\n".join(data), name or "message") if data else None
