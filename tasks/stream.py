"""An answer while it is made: the pieces that a pool puts into a Redis stream, and how a caller reads them.

A failed attempt may have said something already. Then a `reset` comes, and what was said before it is void.
"""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, cast

from .answer import ToolFragment
from .characters import whole
from .connection import AsyncRedis
from .errors import InvalidRequest
from .store import Store

_Entries = list[tuple[bytes, dict[bytes, bytes]]]

#: Pieces read at a time.
_COUNT = 500
_BLOCK_MS = 1000
_OFFSET = re.compile(r"\d{1,19}(-\d{1,19})?")


class PieceKind(StrEnum):
    TEXT = "text"
    REASONING = "reasoning"
    TOOL_CALL = "tool_call"  #: a piece of a call; pieces with the same index are one call
    RESET = "reset"  #: another attempt begins; forget the pieces so far
    END = "end"  #: the job has ended; its outcome is there


@dataclass(frozen=True, slots=True)
class Piece:
    """offset: where to go on reading after this piece. attempt, number: which attempt said it, and its place there.

    tool_call: of a piece of one; all others have text.
    """

    offset: str
    kind: PieceKind
    text: str = ""
    attempt: int = 0
    number: int = 0
    tool_call: ToolFragment | None = None

    @property
    def said(self) -> tuple[str, str, int]:
        """Kind, text and number as the Redis stream has them."""
        text = self.text if self.tool_call is None else json.dumps(asdict(self.tool_call), ensure_ascii=False)
        return self.kind.value, whole(text), self.number


def stream_key(store: Store, job_id: str) -> str:
    return store.key("stream", job_id)


def is_offset(text: str) -> bool:
    """Whether a text is the place of an entry of a Redis stream."""
    return _OFFSET.fullmatch(text) is not None


async def read(store: Store, job_id: str, *, after: str = "0") -> AsyncIterator[Piece]:
    """The pieces after an offset, as they come, up to the END; none of a job that was not handed in to stream.

    Raises InvalidRequest for an offset that is none.
    """
    if not is_offset(after):
        raise InvalidRequest(f"{after!r} is no offset of a piece, such as 1764000000000-0; 0 is the beginning")
    key = stream_key(store, job_id)
    while True:
        # Asked first: the END is in the stream before the outcome can be seen.
        ended = await store.outcome(job_id) is not None
        found = await _next(store.redis, key, after, block_ms=None if ended else _BLOCK_MS)
        for piece in found:
            after = piece.offset
            yield piece
            if piece.kind is PieceKind.END:
                return
        if ended and not found:
            return


async def _next(redis: AsyncRedis, key: str, after: str, *, block_ms: int | None) -> list[Piece]:
    reply: Any = await redis.xread({key: after}, count=_COUNT, block=block_ms)
    if not reply:
        return []
    # RESP3 has a mapping of key to chunks, RESP2 a list of pairs of key and entries.
    entries = cast("_Entries", reply[key.encode()][0] if isinstance(reply, dict) else reply[0][1])
    return [_piece(offset, fields) for offset, fields in entries]


def _piece(offset: bytes, fields: dict[bytes, bytes]) -> Piece:
    said: dict[str, Any] = {name.decode(): value.decode() for name, value in fields.items()}
    kind, text = PieceKind(said["k"]), said.get("t", "")
    call = ToolFragment(**json.loads(text)) if kind is PieceKind.TOOL_CALL else None
    return Piece(
        offset.decode(), kind, "" if call else text, int(said.get("a", 0)), int(said.get("n", 0)), tool_call=call
    )
