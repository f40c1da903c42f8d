"""Hands the pieces of an answer on to whoever follows the job, a few times a second at most."""

import asyncio
from dataclasses import dataclass, field, replace

import structlog

from ...tasks.answer import ToolFragment
from ...tasks.job import Job
from ...tasks.store import Store
from ...tasks.stream import Piece, PieceKind
from ..patience import persist
from ..providers.dialect import Delta

log = structlog.get_logger()

#: Pieces are gathered for this long, so that fast models do not cost Redis a call a token.
GATHER_S = 0.03


@dataclass(slots=True)
class Relay:
    """Of one attempt. An attempt that follows another begins with a reset."""

    store: Store
    job: Job
    _gathered: list[Piece] = field(default_factory=list[Piece])
    _written: int = 0
    _writing: "asyncio.Task[None] | None" = None

    def __post_init__(self) -> None:
        if self.job.epoch > 1:
            self._add(PieceKind.RESET)

    async def take(self, delta: Delta) -> None:
        """The sender's `on_delta`."""
        if delta.reasoning:
            self._add(PieceKind.REASONING, delta.reasoning)
        if delta.text:
            self._add(PieceKind.TEXT, delta.text)
        for fragment in delta.tool_calls:
            self._add(PieceKind.TOOL_CALL, tool_call=fragment)
        if self._gathered and self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    def _add(self, kind: PieceKind, text: str = "", *, tool_call: ToolFragment | None = None) -> None:
        self._written += 1
        self._gathered.append(Piece("", kind, text, self.job.attempts, self._written, tool_call))

    async def _write_soon(self) -> None:
        while self._gathered:  # also by what comes while it writes: the model may pause then
            await asyncio.sleep(GATHER_S)
            await self._write()
        self._writing = None

    async def _write(self) -> None:
        pieces, self._gathered = _joined(self._gathered), []
        if pieces:
            await persist(lambda: self.store.say(self.job, [piece.said for piece in pieces]))

    def drop(self) -> None:
        """Say nothing more: another worker has the job by now, and speaks itself."""
        self._gathered.clear()
        if self._writing is not None:
            self._writing.cancel()

    async def close(self) -> None:
        """Write what is left. The answer is worth more than its pieces: what goes wrong here is told, and no more."""
        try:
            if self._writing is not None:
                await self._writing
            await self._write()
        except Exception as failed:  # of Redis, which the commit of the answer may still outlast
            log.warning("stream.cut", job_id=self.job.id, error=str(failed))


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of one kind, and of one tool call, as one piece; it keeps the last one's number."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if last is not None and _go_together(last, piece):
            joined[-1] = replace(piece, text=last.text + piece.text, tool_call=_call(last.tool_call, piece.tool_call))
        else:
            joined.append(piece)
    return joined


def _go_together(last: Piece, piece: Piece) -> bool:
    if last.kind is not piece.kind or piece.kind is PieceKind.RESET:
        return False
    return (last.tool_call and last.tool_call.index) == (piece.tool_call and piece.tool_call.index)


def _call(last: ToolFragment | None, piece: ToolFragment | None) -> ToolFragment | None:
    if last is None or piece is None:
        return piece
    return ToolFragment(last.index, last.id or piece.id, last.name or piece.name, last.arguments + piece.arguments)
