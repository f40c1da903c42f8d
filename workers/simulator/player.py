"""Sends a script over a connection, each frame when it is due."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

from aiohttp import web

from .script import Ending, Frame, Script

Sleep = Callable[[float], Awaitable[object]]

#: Frames that are due within so many seconds of each other may go out together: a write for each would cost more than
#: all else.
FLUSH_S = 0.01

#: Seconds between keep-alive comments that are all that comes.
COMMENT_EVERY_S = 1.0


class Player:
    def __init__(self, clock: Callable[[], float], sleep: Sleep) -> None:
        self._clock, self._sleep = clock, sleep

    async def play(self, request: web.BaseRequest, script: Script) -> web.StreamResponse:
        """Returns when the script has been sent. One with another ending never returns: it is cancelled when the
        connection is gone.
        """
        headers = {**script.headers, "Content-Type": script.content_type}
        if script.ending is Ending.DONE and not script.stream:
            if script.total_s > 0:
                await self._sleep(script.total_s)
            body = b"".join(frame.data for frame in script.frames)
            return web.Response(body=body, status=script.status, headers=headers)
        response = web.StreamResponse(status=script.status, headers=headers)
        if not script.stream:
            response.content_length = script.announced
        await self._send(request, response, script.frames)
        if script.ending is Ending.DONE:
            await response.write_eof()
            return response
        return await self._end(request, response, script)

    async def _send(self, request: web.BaseRequest, response: web.StreamResponse, frames: tuple[Frame, ...]) -> None:
        start, at = self._clock(), 0
        if frames and frames[0].due_s > 0:
            await self._sleep(frames[0].due_s)
        await response.prepare(request)
        while at < len(frames):
            early_s = frames[at].due_s - (self._clock() - start)
            if early_s > 0:
                await self._sleep(max(early_s, FLUSH_S))
            upto = _due(frames, at, self._clock() - start)
            await response.write(b"".join(frame.data for frame in frames[at:upto]))
            at = upto

    async def _end(self, request: web.BaseRequest, response: web.StreamResponse, script: Script) -> web.StreamResponse:
        if script.ending is Ending.CUT and request.transport:
            request.transport.close()
        while script.ending is Ending.COMMENTS:
            await response.write(script.keep_alive)
            await self._sleep(COMMENT_EVERY_S)
        return await never()


async def never() -> web.StreamResponse:
    """Waits until it is cancelled, which it is when the connection is gone."""
    await asyncio.get_running_loop().create_future()
    raise AssertionError("nobody sets the result")


def reset(transport: asyncio.BaseTransport | None) -> None:
    """End a connection with RST instead of FIN."""
    if not isinstance(transport, asyncio.WriteTransport):
        return
    sock = transport.get_extra_info("socket")
    if sock is not None and not transport.is_closing():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _due(frames: tuple[Frame, ...], at: int, elapsed_s: float) -> int:
    """The end of the frames from `at` that are due and can go out together; at least one."""
    upto = at + 1
    while upto < len(frames) and frames[upto].due_s <= elapsed_s and not frames[upto].alone:
        upto += 1
    return upto
