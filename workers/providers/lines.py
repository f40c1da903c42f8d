"""Bytes as they arrive, cut into lines that end in CR, LF or CRLF."""

import re

_LINE_END = re.compile(rb"\r\n|\n|\r")


class LineSplitter:
    """Feed it pieces of any size. A line is given out as soon as its end has arrived; each byte is looked at once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
            self._after_cr = False
        if not data:
            return []
        self._after_cr = data.endswith(b"\r")
        first, *others = _LINE_END.split(data)
        self._pieces.append(first)
        if not others:
            return []
        lines = [b"".join(self._pieces), *others[:-1]]
        self._pieces = [others[-1]]
        return lines

    def rest(self) -> bytes:
        """What came after the last line end."""
        return b"".join(self._pieces)
