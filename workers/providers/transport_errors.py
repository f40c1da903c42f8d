"""The HTTP client's exceptions as failures. No other file names them; a test fails when the library grows one."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

import aiohttp
import httpx2

from ...routing.failure import Failure, Fault
from .endpoint import AttemptFailed

FAULTS: Mapping[type[Exception], Fault] = {
    httpx2.HTTPError: Fault.TRANSPORT,
    httpx2.RequestError: Fault.TRANSPORT,
    httpx2.TransportError: Fault.TRANSPORT,
    httpx2.TimeoutException: Fault.TIMEOUT_TOTAL,
    httpx2.ConnectTimeout: Fault.TIMEOUT_CONNECT,
    httpx2.PoolTimeout: Fault.TIMEOUT_CONNECT,
    httpx2.ReadTimeout: Fault.TIMEOUT_IDLE,
    httpx2.WriteTimeout: Fault.TIMEOUT_IDLE,
    httpx2.NetworkError: Fault.TRANSPORT,
    httpx2.ConnectError: Fault.TRANSPORT,
    httpx2.ReadError: Fault.TRANSPORT,
    httpx2.WriteError: Fault.TRANSPORT,
    httpx2.CloseError: Fault.TRANSPORT,
    httpx2.ProxyError: Fault.TRANSPORT,
    httpx2.ProtocolError: Fault.TRANSPORT,
    httpx2.LocalProtocolError: Fault.TRANSPORT,
    httpx2.RemoteProtocolError: Fault.TRANSPORT,
    httpx2.UnsupportedProtocol: Fault.TRANSPORT,
    httpx2.InvalidURL: Fault.TRANSPORT,
    httpx2.SSEError: Fault.TRANSPORT,
    httpx2.DecodingError: Fault.SERVER,  # the body is not compressed as its header says
    httpx2.TooManyRedirects: Fault.SERVER,
    httpx2.HTTPStatusError: Fault.SERVER,
    httpx2.CookieConflict: Fault.SERVER,
    httpx2.StreamError: Fault.TRANSPORT,
    httpx2.StreamConsumed: Fault.TRANSPORT,
    httpx2.StreamClosed: Fault.TRANSPORT,
    httpx2.ResponseNotRead: Fault.TRANSPORT,
    httpx2.RequestNotRead: Fault.TRANSPORT,
    aiohttp.ClientError: Fault.TRANSPORT,  # the transport lets those pass for which it has no name
}


@contextmanager
def translated() -> Generator[None]:
    """Raise AttemptFailed for whatever the HTTP client raises."""
    try:
        yield
    except tuple(FAULTS) as error:
        raise AttemptFailed(Failure(_fault(error), _words(error))) from error


def _fault(error: Exception) -> Fault:
    # The aiohttp transport calls every broken or refused connection a ConnectTimeout; its cause tells them apart.
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientConnectionError) and not isinstance(cause, aiohttp.ServerTimeoutError):
        return Fault.TRANSPORT
    return next(FAULTS[kind] for kind in type(error).__mro__ if kind in FAULTS)


def _words(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    is_address = isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol)
    return f"no http or https address: {words}" if is_address else words
