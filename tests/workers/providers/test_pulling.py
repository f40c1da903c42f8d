"""Fetching models with the servers that can, as the simulator plays them, and going on after interruptions."""

from collections.abc import AsyncGenerator

import httpx2
import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint
from workfleet.workers.providers.http_client import http_client
from workfleet.workers.providers.localai_pull import localai_pull
from workfleet.workers.providers.pull_progress import PullProgress
from workfleet.workers.providers.pulling import PULLS, persistently
from workfleet.workers.providers.sender import Sender
from workfleet.workers.providers.wire import Wire
from workfleet.workers.simulator.server import Simulator
from workfleet.workers.simulator.settings import Settings

SIMULATED = Settings(load_s=0.05, models=("there",))


def at(simulator: Simulator, type_: str) -> Endpoint:
    return Endpoint(type_, type_, f"{simulator.base_url}/{type_}")


@pytest.mark.parametrize("type_", PULLS)
async def test_a_fetched_model_is_listed_afterwards(type_: str) -> None:
    async with Simulator(SIMULATED) as simulator, Sender() as sender:
        server = at(simulator, type_)
        steps = [step async for step in sender.pull(server, "new:1b")]
        listed = [model.name for model in await sender.models(server)]
    assert [step.done for step in steps] == [*[False] * (len(steps) - 1), True]
    assert len(steps) > 1
    assert "new:1b" in listed


@pytest.mark.parametrize("type_", PULLS)
async def test_a_model_that_cannot_be_fetched_is_told_with_the_servers_words(type_: str) -> None:
    async with Simulator(SIMULATED) as simulator, Sender() as sender:
        simulator.switch_on("pull-error")
        with pytest.raises(AttemptFailed) as failed:
            async for _ in sender.pull(at(simulator, type_), "new:1b"):
                pass
    assert failed.value.failure.fault is Fault.MODEL_NOT_FOUND


@pytest.mark.parametrize(
    ("job", "outcome"),
    [
        ({"processed": True, "error": None, "progress": 100}, "success"),
        ({"processed": True, "error": "", "progress": 100, "current_bytes": 7, "total_bytes": 7}, "success"),
        ({"processed": True, "error": {}, "message": "error: no such model"}, "error: no such model"),
        ({"processed": True, "error": "no such model", "message": "failed"}, "no such model"),
        ({"processed": True, "cancelled": True, "message": "cancelled"}, "somebody cancelled it there"),
    ],
    ids=["it is there", "no error is an empty one", "an error of older servers", "of newer ones", "cancelled"],
)
async def test_localais_jobs_end_as_old_and_new_servers_say_it(job: dict[str, object], outcome: str) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"uuid": "u"} if request.method == "POST" else job)

    async with Sender(transport=httpx2.MockTransport(answer)) as sender:
        try:
            (step,) = [each async for each in sender.pull(Endpoint("l", "localai", "http://l"), "m")]
            ended = step.status
        except AttemptFailed as failed:
            ended = failed.failure.message.removeprefix("LocalAI cannot fetch m: ")
    assert ended == outcome


class OneAtATime:
    """A LocalAI that knows nothing of a job until those before it have ended. busy_for: looks until then."""

    def __init__(self, busy_for: int, *, forgets: bool = False) -> None:
        self.busy_for, self.forgets, self.ordered = busy_for, forgets, 0

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            self.ordered += 1
            return httpx2.Response(200, json={"uuid": "ours"})
        if request.url.path == "/models/jobs":
            self.busy_for -= 1
            return httpx2.Response(200, json={"other": {"processed": self.busy_for < 0}})
        if self.busy_for > 0 or self.forgets:
            return httpx2.Response(500, json={"error": {"code": 500, "message": "could not find any status for ID"}})
        return httpx2.Response(200, json={"processed": True, "progress": 100})

    async def pulled(self) -> list[str]:
        async def at_once(_: float) -> None: ...

        async with http_client(httpx2.MockTransport(self.answer)) as client:
            endpoint = Endpoint("l", "localai", "http://l")
            return [step.status async for step in localai_pull(Wire(client), endpoint, "m", at_once)]


async def test_localai_is_waited_for_while_it_fetches_another_model() -> None:
    server = OneAtATime(busy_for=40)
    assert await server.pulled() == [*["waiting for its turn"] * 40, "success"]
    assert server.ordered == 1


async def test_a_localai_that_has_forgotten_an_order_is_not_waited_for() -> None:
    with pytest.raises(AttemptFailed, match="LocalAI knows nothing of having to fetch m") as failed:
        await OneAtATime(busy_for=0, forgets=True).pulled()
    assert failed.value.failure.fault is Fault.SERVER


async def test_a_server_that_fetches_no_models_says_so() -> None:
    async with Sender() as sender:
        with pytest.raises(AttemptFailed, match="a server of type vllm fetches no models"):
            async for _ in sender.pull(Endpoint("v", "vllm", "http://127.0.0.1:1"), "m"):
                pass


class Fetching:
    """Each life: the bytes of a hundred that it brings, then how it ends."""

    def __init__(self, *lives: tuple[int, Fault | None]) -> None:
        self._lives = iter(lives)
        self._have = 0
        self.begun = 0

    async def __call__(self) -> AsyncGenerator[PullProgress]:
        self.begun += 1
        brings, fault = next(self._lives)
        for _ in range(brings):
            self._have += 1
            yield PullProgress("fetching", self._have, 100)
        if fault is not None:
            raise AttemptFailed(Failure(fault, "gone"))
        yield PullProgress("success", 100, 100)


async def run(fetching: Fetching) -> tuple[list[int], list[float], Failure | None]:
    """What was told of the progress, what was waited, and the failure at its end."""
    told: list[int] = []
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    try:
        async for step in persistently(fetching, sleep):
            told += [step.completed_bytes]
    except AttemptFailed as failed:
        return told, slept, failed.failure
    return told, slept, None


async def test_an_interrupted_fetch_goes_on() -> None:
    fetching = Fetching((2, Fault.TRANSPORT), (1, Fault.TIMEOUT_IDLE), (0, None))
    assert await run(fetching) == ([1, 2, 2, 3, 3, 100], [1.0, 1.0], None)


async def test_a_server_that_is_not_there_is_no_interruption() -> None:
    fetching = Fetching((0, Fault.TRANSPORT))
    assert await run(fetching) == ([], [], Failure(Fault.TRANSPORT, "gone"))


async def test_a_refusal_is_not_repeated() -> None:
    fetching = Fetching((2, Fault.MODEL_NOT_FOUND))
    assert await run(fetching) == ([1, 2], [], Failure(Fault.MODEL_NOT_FOUND, "gone"))


async def test_what_never_comes_further_is_given_up() -> None:
    fetching = Fetching((1, Fault.TRANSPORT), *[(0, Fault.TRANSPORT)] * 9)
    assert await run(fetching) == ([1, 1, 1, 1, 1], [1.0, 2.0, 3.0, 4.0], Failure(Fault.TRANSPORT, "gone"))
    assert fetching.begun == 5
