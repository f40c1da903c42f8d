"""The parts of a failing connection that no server can play: a name nobody knows, and one that does not speak TLS."""

import socket
from typing import NoReturn

import pytest

from workfleet.routing.failure import Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.endpoint import AttemptFailed, Timeouts
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Simulator

from .places import Place, everywhere

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def met(sender: Sender, place: Place, base_url: str) -> Fault:
    with pytest.raises(AttemptFailed) as failed:
        await sender.ask(place.at(base_url), "sim-chat", Request.from_prompt("x"), Timeouts(20, 20, 20, 40))
    return failed.value.failure.fault


@everywhere()
async def test_a_name_that_nobody_knows_is_a_failure_of_transport(
    monkeypatch: pytest.MonkeyPatch, sender: Sender, place: Place
) -> None:
    def unknown(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert await met(sender, place, "http://gpu-host.invalid:8000") is Fault.TRANSPORT


@everywhere()
async def test_a_server_that_does_not_speak_tls_is_a_failure_of_transport(
    simulator: Simulator, sender: Sender, place: Place
) -> None:
    assert await met(sender, place, simulator.base_url.replace("http://", "https://")) is Fault.TRANSPORT
