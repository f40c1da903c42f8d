"""A reply, written out before it is played: what is sent, when, and how it ends.

Dialects write scripts, framing faults rewrite them, and the player sends them. All but the player is pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

JSON = "application/json"


class Part(StrEnum):
    """What a frame is in its dialect."""

    BODY = "body"  #: a whole body
    HEAD = "head"  #: before the first text
    TEXT = "text"
    LAST = "last"  #: says why the answer ended
    USAGE = "usage"
    END = "end"  #: the terminal marker
    ERROR = "error"
    COMMENT = "comment"


class Ending(StrEnum):
    DONE = "done"
    CUT = "cut"  #: the connection closes where the body is not complete
    STALL = "stall"  #: nothing more comes, the connection stays
    COMMENTS = "comments"  #: only keep-alive comments come, once a second


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes, and the seconds after the request got its slot when they are due. alone: never sent with others."""

    data: bytes
    due_s: float = 0.0
    part: Part = Part.BODY
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """stream: sent in chunks as frames are due; otherwise the frames are one body. announced: its length in bytes,
    where that is not the true one. keep_alive: what comes where only that comes. adds, removes: a model that is
    listed, or is not, once the script has been played.
    """

    status: int
    frames: tuple[Frame, ...]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    content_type: str = JSON
    stream: bool = False
    ending: Ending = Ending.DONE
    announced: int = 0
    keep_alive: bytes = b": OPENROUTER PROCESSING\n\n"
    adds: str = ""
    removes: str = ""

    @property
    def complete(self) -> bool:
        """Whether all of an answer is in it, up to its last byte."""
        return self.ending is Ending.DONE and bool(self.frames) and self.frames[-1].part in (Part.BODY, Part.END)

    @property
    def total_s(self) -> float:
        return self.frames[-1].due_s if self.frames else 0.0


def whole(status: int, body: bytes, headers: Mapping[str, str] | None = None, due_s: float = 0.0) -> Script:
    """A JSON body at once."""
    return Script(status, (Frame(body, due_s),), headers or {})
