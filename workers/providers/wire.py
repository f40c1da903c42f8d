"""One HTTP call: addressed, authorised, under its time limits, its size bounded, its errors translated."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache

import httpx2

from ...routing.failure import Failure, Fault
from .addresses import url_of
from .connector import ON_CONNECTED
from .deadlines import Deadlines
from .dialect import Call, Reply
from .endpoint import AttemptFailed, Endpoint, Timeouts
from .rows import Row
from .sending import Connection, Sending
from .transport_errors import translated

#: No answer of a model is larger; 4,096 embeddings of 1,024 numbers are about 50 MB.
MAX_BODY_BYTES = 64 * 1024 * 1024

#: The end of the reply usually comes with the terminal marker; one that does not is not worth waiting for.
_DRAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Opened:
    """A reply whose head has come. limits: tell them of what comes."""

    head: Reply
    limits: Deadlines
    pieces: AsyncIterator[bytes]


class Wire:
    """clock: seconds since the epoch. max_body_bytes: a larger reply is a failure."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        *,
        clock: Callable[[], float] = time.time,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self._client = client
        self._usual = dict(client.headers)
        self._clock = clock
        self._max_body_bytes = max_body_bytes

    async def fetch(self, endpoint: Endpoint, call: Call, timeouts: Timeouts, sending: Sending | None = None) -> Reply:
        """The whole reply, whatever its status. The first byte of an answer that does not stream is its head."""
        async with self.opened(endpoint, call, timeouts, sending) as opened:
            return await self.read(opened)

    async def read(self, opened: Opened) -> Reply:
        """The rest of an opened reply."""
        opened.limits.answering()
        pieces: list[bytes] = []
        async for piece in opened.pieces:
            opened.limits.answering()
            pieces.append(piece)
        return replace(opened.head, body=b"".join(pieces))

    async def drain(self, opened: Opened) -> None:
        """Take what follows a complete answer, which is nothing, so that the connection can be used again."""
        opened.limits.over()
        with suppress(TimeoutError, AttemptFailed), translated():
            async with asyncio.timeout(_DRAIN_S):
                async for _ in opened.pieces:
                    pass

    @asynccontextmanager
    async def opened(
        self, endpoint: Endpoint, call: Call, timeouts: Timeouts, sending: Sending | None = None
    ) -> AsyncGenerator[Opened]:
        """A reply, open for reading. Leaving it early, by cancellation too, closes the connection at once.

        sending: is told how far the request got.
        """
        request, sending = self._request(endpoint, call), sending or Sending()
        async with Deadlines(timeouts) as limits:

            def connected(over: Connection) -> None:
                sending.connected(over)
                limits.connected()

            with translated():
                told = ON_CONNECTED.set(connected)
                try:
                    response = await self._client.send(request, stream=True)
                finally:
                    ON_CONNECTED.reset(told)
                limits.connected()
                sending.status = response.status_code
                try:
                    yield Opened(self._head(response), limits, self._pieces(response))
                finally:
                    await response.aclose()

    def _request(self, endpoint: Endpoint, call: Call) -> httpx2.Request:
        url = url_of(endpoint.row, endpoint.base_url, call.path)
        with translated():
            headers = self._usual | _headers(endpoint, call)
            return httpx2.Request(call.method, _parsed(url), headers=headers, content=_content(call))

    def _head(self, response: httpx2.Response) -> Reply:
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Reply(response.status_code, headers, at=self._clock())

    async def _pieces(self, response: httpx2.Response) -> AsyncIterator[bytes]:
        size, raw = 0, response.stream
        assert isinstance(raw, httpx2.AsyncByteStream)
        # What is not packed needs none of httpx2's unpacking.
        async for piece in response.aiter_bytes() if "content-encoding" in response.headers else raw:
            size += len(piece)
            if size > self._max_body_bytes:
                limit = f"{self._max_body_bytes / 2**20:g} MiB"
                raise AttemptFailed(
                    Failure(Fault.SERVER, f"the answer is larger than {limit}", status=response.status_code)
                )
            yield piece


@lru_cache(maxsize=256)
def _parsed(url: str) -> httpx2.URL:
    """Calls go to the same few URLs, and httpx2 takes longer to read one than to send it."""
    return httpx2.URL(url)


def _headers(endpoint: Endpoint, call: Call) -> dict[str, str]:
    row = endpoint.row
    headers = {"content-type": "application/json", **row.headers, **call.headers}
    if endpoint.api_key is not None and (key := endpoint.api_key.get_secret_value().strip()):
        if not (key.isascii() and key.isprintable()):
            raise AttemptFailed(
                Failure(Fault.AUTH, f"the API key of {endpoint.provider} holds characters that no header can carry")
            )
        headers |= _credential(row, key)
    return headers | {name.lower(): value for name, value in endpoint.headers.items()}


def _credential(row: Row, key: str) -> dict[str, str]:
    """A JSON web token is three parts of base64, the first of an object; keys look otherwise."""
    is_token = row.takes_tokens and key.startswith("eyJ") and key.count(".") == 2
    if is_token or row.key_header == "Authorization":
        return {"authorization": f"Bearer {key}"}
    return {row.key_header.lower(): key}


def _content(call: Call) -> bytes | None:
    if call.body is None:
        return None
    try:
        # ASCII, so that a lone surrogate in a prompt is no error here.
        return json.dumps(call.body, separators=(",", ":"), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise AttemptFailed(Failure(Fault.BAD_REQUEST, f"the request cannot be written as JSON: {error}")) from error
