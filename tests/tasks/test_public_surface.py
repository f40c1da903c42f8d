"""The names that programs may rely on."""

import subprocess
import sys

import pytest

import workfleet.tasks as public


def test_the_names() -> None:
    assert public.__all__ == [
        "Answer",
        "AsyncClient",
        "Attempt",
        "Band",
        "BatchStatus",
        "Client",
        "ConfigurationError",
        "Constraints",
        "FakeAsyncClient",
        "FakeClient",
        "FinishReason",
        "FleetError",
        "FleetUnavailable",
        "InvalidRequest",
        "Job",
        "JobCancelled",
        "JobExpired",
        "JobFailed",
        "JobNotFound",
        "JobSpec",
        "JobState",
        "Message",
        "NoTarget",
        "Outcome",
        "Piece",
        "PieceKind",
        "Priority",
        "Request",
        "ResponseFormat",
        "ToolFragment",
        "UnknownName",
        "Usage",
    ]


@pytest.mark.parametrize("name", public.__all__)
def test_each_name_is_a_class(name: str) -> None:
    found = getattr(public, name)
    assert isinstance(found, type)
    assert found.__name__ == name


def test_another_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'workfleet.tasks' has no attribute 'Cleint'"):
        getattr(public, "Cleint")  # noqa: B009  # type checkers would object, as they should


def test_a_star_brings_them_all() -> None:
    names: dict[str, object] = {}
    exec("from workfleet.tasks import *", names)
    assert set(public.__all__) <= set(names)


def loaded_by(line: str) -> set[str]:
    """Modules that a new interpreter has loaded after a line."""
    program = f"import sys; {line}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_itself_loads_nothing_that_takes_time() -> None:
    assert not loaded_by("import workfleet.tasks") & {"pydantic", "redis", "celery", "kombu"}


def test_what_a_job_is_made_of_needs_neither_redis_nor_celery() -> None:
    assert not loaded_by("from workfleet.tasks import JobSpec, Answer, JobFailed") & {"redis", "celery", "kombu"}


def test_a_client_loads_nothing_of_the_workers() -> None:
    loaded = loaded_by("from workfleet.tasks import Client, AsyncClient")
    assert not {name for name in loaded if name.startswith(("workfleet.workers", "httpx", "aiohttp"))}
