"""Several nodes of one provider: what one finds out, all know; and one of them at a time tries whether it is over."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from workfleet.routing.breaker import BreakerPolicy
from workfleet.routing.lanes import Priority
from workfleet.tasks.breakers import Breakers
from workfleet.tasks.client import AsyncClient
from workfleet.tasks.job import Job, JobSpec, JobState
from workfleet.tasks.request import Request
from workfleet.workers.endpoints.availability import Unavailable
from workfleet.workers.endpoints.probing import probe
from workfleet.workers.endpoints.upstream import Upstream
from workfleet.workers.providers.endpoint import AttemptFailed
from workfleet.workers.providers.sender import Sender
from workfleet.workers.settings.provider import ProviderSettings

from ..pools import Server, breaks, fails, hosted, says

JOB = Job("id", JobState.RUNNING, "general", "general.simple", Priority.BATCH, 2, "me", 0.0, 1.0, "general.simple")
GROQ = hosted("groq")


@dataclass
class Node:
    name: str
    upstream: Upstream
    breakers: Breakers

    async def turn(self) -> None:
        self.upstream.heard(await self.breakers.tell(self.name, self.upstream.notes()), node=self.name)

    async def ask(self, model: str = "m") -> str:
        spec = JobSpec(request=Request.from_prompt("hi"))
        return (await self.upstream.ask(JOB, spec, model, time_left_s=60.0)).text

    async def fail(self, times: int = 1, model: str = "m") -> None:
        for _ in range(times):
            with pytest.raises(AttemptFailed):
                await self.ask(model)

    @property
    def alone(self) -> bool:
        return any(circuit.alone for circuit in self.upstream.circuits())

    def out(self, model: str = "m") -> str | None:
        return self.upstream.why_not() or self.upstream.models_out().get(model)


Make = Callable[..., Any]


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def make(redis_url: str, server: Server) -> AsyncIterator[Make]:
    transport = httpx2.MockTransport(server.answer)
    async with AsyncClient(redis_url) as client, Sender(transport=transport) as sender:

        async def node(name: str, settings: ProviderSettings = GROQ) -> Node:
            made = Node(name, Upstream.of(settings, settings.endpoints(), sender), Breakers(client.redis))
            made.upstream.follow(BreakerPolicy(failures=3, cool_off_s=0.0))
            await probe(made.upstream)
            await made.turn()
            return made

        yield node


async def test_failures_of_one_model_take_it_out_on_every_node_and_leave_the_others(make: Make, server: Server) -> None:
    one, two = await make("one"), await make("two")
    server.will(fails(500))
    await one.fail(2)
    await one.turn()
    await two.fail(1)
    await two.turn()
    await one.turn()
    assert (one.out(), two.out()) == ("its breaker is open",) * 2
    assert (one.out("other"), two.out("other")) == (None, None)
    with pytest.raises(Unavailable, match="m: its breaker is open"):
        await one.ask()


async def test_a_server_that_cannot_be_reached_is_out_for_every_model(make: Make, server: Server) -> None:
    one, two = await make("one"), await make("two")
    server.will(breaks())
    await one.fail(1, "m")
    await one.fail(2, "other")
    await one.turn()
    await two.turn()
    assert two.upstream.why_not() == "its breaker is open"
    assert two.upstream.resting


async def test_a_node_whose_own_network_is_broken_takes_itself_out_and_nobody_else(make: Make, server: Server) -> None:
    one, two = await make("one"), await make("two")
    for _ in range(5):
        server.will(breaks())
        if one.out() is None:
            await one.fail(1)
        server.will(says("fine"))
        await two.ask()
        for node in (one, two):
            await node.turn()
    assert (one.alone, two.out()) == (True, None)


async def test_one_node_tries_and_all_go_on_when_it_is_well(make: Make, server: Server) -> None:
    one, two = await make("one"), await make("two")
    server.will(fails(503))
    await one.fail(3)
    await one.turn()
    await two.turn()
    await one.turn()
    assert [one.out(), two.out()] == [None, "its breaker is open"]
    server.will(says("back"))
    assert await one.ask() == "back"
    await one.turn()
    await two.turn()
    assert [one.out(), two.out()] == [None, None]


async def test_an_endpoint_is_tried_after_its_health_check_by_the_node_that_has_the_probe(
    make: Make, server: Server
) -> None:
    one, two = await make("one"), await make("two")
    server.will(breaks())
    await one.fail(3)
    for node in (one, two, one):
        await node.turn()
    server.will(says("back"))
    for node in (one, two):
        await probe(node.upstream)
    assert [one.out(), two.out()] == [None, "its breaker is open"]
    assert await one.ask() == "back"
    for node in (one, two):
        await node.turn()
    assert [one.out(), two.out()] == [None, None]


async def test_rejections_of_the_request_never_count(make: Make, server: Server) -> None:
    one = await make("one")
    server.will(fails(400), fails(429), fails(404))
    await one.fail(20)
    await one.turn()
    assert one.out() is None


async def test_two_hosts_with_servers_of_their_own_do_not_share_a_breaker(make: Make) -> None:
    gpu = hosted("gpu", tier="local", base_urls=("http://localhost:8000", "http://gpu-2:8000"))
    names = [line.availability.circuit.name.of for line in (await make("one", gpu)).upstream.lines]
    assert names[0].startswith("http://localhost:8000 on ")
    assert names[1] == "http://gpu-2:8000"
