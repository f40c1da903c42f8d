import inspect

import aiohttp
import httpx2
import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.workers.providers.endpoint import AttemptFailed
from workfleet.workers.providers.transport_errors import FAULTS, translated


def library_errors() -> set[type[Exception]]:
    """Every exception that the HTTP client's public names hold."""
    named = (getattr(httpx2, name) for name in httpx2.__all__)
    return {
        cls for cls in named if inspect.isclass(cls) and issubclass(cls, Exception) and not issubclass(cls, Warning)
    }


def test_every_exception_of_the_http_client_has_a_class() -> None:
    assert library_errors() <= set(FAULTS), "the HTTP client has grown an exception: say in FAULTS what it means"


def raised(error: Exception, cause: Exception | None = None) -> Failure:
    with pytest.raises(AttemptFailed) as failed, translated():
        raise error from cause
    return failed.value.failure


@pytest.mark.parametrize(
    ("error", "cause", "fault"),
    [
        (httpx2.ConnectTimeout("x"), None, Fault.TIMEOUT_CONNECT),
        (httpx2.ConnectTimeout("x"), aiohttp.ConnectionTimeoutError("x"), Fault.TIMEOUT_CONNECT),
        (httpx2.ConnectTimeout("x"), aiohttp.ServerDisconnectedError(), Fault.TRANSPORT),
        (httpx2.ConnectTimeout("x"), aiohttp.ClientOSError(111, "refused"), Fault.TRANSPORT),
        (httpx2.ReadTimeout("x"), None, Fault.TIMEOUT_IDLE),
        (httpx2.ReadError("x"), None, Fault.TRANSPORT),
        (httpx2.RemoteProtocolError("x"), None, Fault.TRANSPORT),
        (httpx2.DecodingError("x"), None, Fault.SERVER),
        (aiohttp.ClientPayloadError("x"), None, Fault.TRANSPORT),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_an_exception_becomes_a_failure(error: Exception, cause: Exception | None, fault: Fault) -> None:
    assert raised(error, cause) == Failure(fault, "x")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (httpx2.ReadError(""), "ReadError"),
        (httpx2.ReadError("Connection\n  lost"), "Connection lost"),
        (httpx2.UnsupportedProtocol("ftp://x"), "no http or https address: ftp://x"),
    ],
)
def test_the_message_is_one_line_for_people(error: Exception, message: str) -> None:
    assert raised(error).message == message


def test_what_is_not_the_http_clients_passes() -> None:
    with pytest.raises(KeyError), translated():
        raise KeyError("x")
