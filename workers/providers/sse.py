"""Server-sent events out of bytes (WHATWG HTML, 9.2.6), one deviation: a last event without its blank line counts.

Providers send CRLF or LF, comments to keep the connection alive, several `data` lines to an event, and no blank after
the colon; all of that is the standard's, and all of it has been seen. Errors come as bare JSON between events, line by
line (Gemini), or in a field of their own (`error:`, llama.cpp until 2025): they are kept for whoever asks for them.
"""

from dataclasses import dataclass

from .lines import LineSplitter

_BOM = b"\xef\xbb\xbf"
#: Fields that say nothing of an answer; the empty one is a comment.
_PASSED_OVER = frozenset({b"", b"id", b"retry"})
_MOST_BARE_BYTES = 65_536


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
        self._bare: list[bytes] = []
        self._left = _MOST_BARE_BYTES

    @property
    def bare(self) -> bytes:
        """What came beside the events, as JSON if it was an error."""
        return b"\n".join(self._bare)

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
        elif field not in _PASSED_OVER and self._left > 0:
            self._bare.append(b'{"error":%b}' % value if field == b"error" else line)
            self._left -= len(line)
        return None

    def _dispatch(self) -> Event | None:
        data, name = self._data, self._name
        self._data, self._name = [], ""
        return Event("\n".join(data), name or "message") if data else None
