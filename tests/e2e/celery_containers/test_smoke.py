"""pytest-celery's containers run the fleet: its Redis as broker and backend, and our image as its workers."""

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest
from celery import Celery, chord

from workfleet.tasks.errors import JobNotFound
from workfleet.tasks.job import JobState
from workfleet.tasks.sync_client import Client

from ..hosts.engine import COMPOSE, REDIS_IMAGE, ROOT, why_not

pytest_celery: Any = pytest.importorskip("pytest_celery", reason="pytest-celery is not installed")
docker_tools: Any = pytest.importorskip("pytest_docker_tools", reason="pytest-docker-tools is not installed")

pytestmark = [
    pytest.mark.skipif(bool(why_not()), reason=f"containers: {why_not()}"),
    pytest.mark.timeout(300),
    # Celery's backend leaves its subscription, and docker-py its connections, to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: The bound of every wait, in seconds.
WITHIN_S = 20.0
#: A model that the first pool has to hand on, and one whose answers take a while.
FLAKY, SLOW = "flaky", "slow"
_FAULTS = (f"context-overflow:model={FLAKY}", f"slow-first-token:model={SLOW},amount=6")

_T = TypeVar("_T")


class Durable(pytest_celery.RedisContainer):  # type: ignore[misc]  # pytest-celery's classes are known at run time only
    """Redis as the fleet wants it: what it has answered is there after a restart."""

    @classmethod
    def command(cls, *args: str, **_: object) -> list[str]:
        options = ("--appendonly", "yes", "--maxmemory-policy", "noeviction", "--protected-mode", "no")
        return ["redis-server", "--bind", "0.0.0.0", *options, *args]

    @property
    def host_url(self) -> str:
        """Where the tests reach it, who may be in a container themselves."""
        host, port = self.get_addr("6379/tcp")
        return f"redis://{host}:{port}/{self.vhost}"


class Pool(pytest_celery.CeleryWorkerContainer):  # type: ignore[misc]  # as above
    """`fleet worker` of the first simulated provider."""

    provider = "simulated-a"

    @classmethod
    def command(cls, *args: str, **_: object) -> list[str]:
        return ["worker", "--provider", cls.provider, *args]

    @property
    def ready_prompt(self) -> str | None:
        return None  # what is handed in before a pool is up waits for it

    @classmethod
    def worker_name(cls) -> str:
        return cls.provider


class OtherPool(Pool):
    provider = "simulated-b"


image = docker_tools.build(path=str(ROOT), dockerfile="compose/Dockerfile", tag="workfleet:latest")
simulator = docker_tools.container(
    image="{image.id}",
    command=[
        "simulate",
        "--host",
        "0.0.0.0",
        "--port",
        "8999",
        *(word for fault in _FAULTS for word in ("--fault", fault)),
    ],
    network="{default_pytest_celery_network.name}",
    ports={"8999/tcp": None},
)
default_redis_broker = docker_tools.container(
    image=REDIS_IMAGE,
    command=Durable.command(),
    network="{default_pytest_celery_network.name}",
    ports={"6379/tcp": None},
    wrapper_class=Durable,
)
_CONFIGURED = {str(COMPOSE / "fleet.yaml"): {"bind": "/etc/fleet/fleet.yaml", "mode": "ro"}}


def _pool(kind: type[Pool]) -> Any:
    return docker_tools.container(
        image="{image.id}",
        command=kind.command(),
        environment=docker_tools.fxtr("environment"),
        network="{default_pytest_celery_network.name}",
        volumes=_CONFIGURED,
        wrapper_class=kind,
    )


first, second = _pool(Pool), _pool(OtherPool)


@pytest.fixture
def celery_broker_cluster(celery_redis_broker: Any) -> Any:
    return pytest_celery.CeleryBrokerCluster(celery_redis_broker)


@pytest.fixture
def celery_backend_cluster(celery_redis_broker: Any) -> Any:
    """A job's end and its result are one commit: the broker's Redis is the backend."""
    return pytest_celery.CeleryBackendCluster(pytest_celery.RedisTestBackend(celery_redis_broker.container))


@pytest.fixture
def environment(celery_redis_broker: Any, simulator: Any) -> dict[str, str]:
    return {
        "FLEET_CONFIG": "/etc/fleet/fleet.yaml",
        "FLEET_REDIS_URL": celery_redis_broker.container.celeryconfig["url"],
        "SIMULATOR_URL": f"http://{simulator.id[:12]}:8999",
    }


@pytest.fixture
def celery_worker_cluster(first: Pool, second: OtherPool, celery_setup_app: Celery) -> Any:
    worker = pytest_celery.CeleryTestWorker
    return pytest_celery.CeleryWorkerCluster(worker(first, celery_setup_app), worker(second, celery_setup_app))


@pytest.fixture
def fleet(celery_setup: Any) -> Iterator[Client]:
    """A client of the fleet, whose pools are both up."""
    with Client(_url_of(celery_setup), wait_for_redis_s=WITHIN_S) as client:
        until(lambda: redis_of(celery_setup).hlen("wf:nodes") == 2)
        yield client


def redis_of(setup: Any) -> Any:
    return setup.broker.container.client


def _url_of(setup: Any) -> str:
    url: str = setup.broker.container.celeryconfig["host_url"]
    return url


def until(condition: Callable[[], _T]) -> _T:
    """What the condition gives, once that is something."""
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come to it")


def job(setup: Any, prompt: str, **fields: object) -> Any:
    """A task as any Celery program hands it in; nothing of ours is imported for it."""
    spec = {"request": {"messages": [{"role": "user", "content": prompt}]}, **fields}
    return setup.app.signature("workfleet.submit", kwargs=spec, queue="workfleet.submit")


def served(simulator: Any, job_id: str) -> int:
    """How often the provider answered a job."""
    host, port = simulator.get_addr("8999/tcp")
    with urllib.request.urlopen(f"http://{host}:{port}/_sim/requests/{job_id}", timeout=WITHIN_S) as reply:
        count: int = json.load(reply)["served"]
        return count


def test_a_job_is_submitted_and_answered(celery_setup: Any, fleet: Client, simulator: Any) -> None:
    result = job(celery_setup, "hello").apply_async()
    assert result.get(timeout=WITHIN_S)["text"]
    assert served(simulator, result.id) == 1


def test_a_job_falls_back_through_the_alternate_queue(celery_setup: Any, fleet: Client) -> None:
    chain = [f"simulated-a/{FLAKY}", "simulated-b/sim-chat"]
    result = job(celery_setup, "hello", chain=chain).apply_async()
    assert result.get(timeout=WITHIN_S)["provider"] == "simulated-b"
    assert fleet.job(result.id).queue == "provider.simulated-b"


def test_a_second_delivery_buys_nothing(celery_setup: Any, fleet: Client, simulator: Any) -> None:
    result = job(celery_setup, "hello").apply_async()
    result.get(timeout=WITHIN_S)
    queue = fleet.job(result.id).queue
    celery_setup.app.send_task("workfleet.general", task_id=result.id, queue=queue)
    until(lambda: not redis_of(celery_setup).exists(queue))
    # Handed in after the second delivery was taken: a call for that would have begun before this one ends.
    job(celery_setup, "after it").apply_async().get(timeout=WITHIN_S)
    assert served(simulator, result.id) == 1


def test_a_job_goes_on_when_its_connection_to_the_broker_breaks(
    celery_setup: Any, fleet: Client, simulator: Any
) -> None:
    result = job(celery_setup, "hello", provider="simulated-a", model=SLOW).apply_async()
    until(lambda: _state(fleet, result.id) is JobState.RUNNING)
    assert redis_of(celery_setup).client_kill_filter(_type="normal", skipme=True) > 1
    assert result.get(timeout=WITHIN_S)["provider"] == "simulated-a"
    assert served(simulator, result.id) == 1


def test_a_revoked_job_ends_as_revoked(celery_setup: Any, fleet: Client) -> None:
    result = job(celery_setup, "hello", provider="simulated-a", model=SLOW).apply_async()
    until(lambda: _state(fleet, result.id) is JobState.RUNNING)
    celery_setup.app.control.revoke(result.id, terminate=True)
    result.get(timeout=WITHIN_S, propagate=False)
    assert result.state == "REVOKED"
    assert fleet.job(result.id).state is JobState.CANCELLED


def test_a_chord_hands_all_answers_to_its_body(celery_setup: Any, fleet: Client) -> None:
    parts = [job(celery_setup, f"part {number}") for number in range(3)]
    result = chord(parts, job(celery_setup, "all of:\n{{previous}}"), app=celery_setup.app).apply_async()
    assert result.get(timeout=WITHIN_S)["finish_reason"] == "stop"


def test_the_jobs_of_a_killed_worker_are_run_by_another(celery_setup: Any, fleet: Client) -> None:
    chain = [f"simulated-a/{SLOW}", "simulated-b/sim-chat"]
    result = job(celery_setup, "hello", chain=chain).apply_async()
    until(lambda: _state(fleet, result.id) is JobState.RUNNING)
    celery_setup.worker.kill()
    assert result.get(timeout=WITHIN_S)["provider"] == "simulated-b"


def test_a_restart_of_the_broker_loses_nothing(celery_setup: Any, fleet: Client) -> None:
    results = [job(celery_setup, f"job {number}", model=SLOW).apply_async() for number in range(5)]
    until(lambda: all(_state(fleet, result.id) is not None for result in results))
    celery_setup.broker.restart()
    # The engine may have given it another port.
    with Client(_url_of(celery_setup), wait_for_redis_s=WITHIN_S) as client:
        answers = [client.result(result.id, timeout_s=WITHIN_S) for result in results]
    assert all(answer.text for answer in answers)


def _state(client: Client, job_id: str) -> JobState | None:
    """None until the fleet has taken it in."""
    try:
        return client.job(job_id).state
    except JobNotFound:
        return None
