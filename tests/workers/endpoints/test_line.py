"""What a health check tells of an endpoint."""

import pytest
from structlog.testing import capture_logs

from workfleet.tasks.breakers import BreakerName
from workfleet.workers.endpoints.availability import Availability
from workfleet.workers.endpoints.circuit import Circuit
from workfleet.workers.endpoints.line import Line
from workfleet.workers.providers.endpoint import Endpoint
from workfleet.workers.providers.inspection import Health
from workfleet.workers.settings.breaker import SELF_HOSTED


@pytest.fixture
def line() -> Line:
    circuit = Circuit(BreakerName("endpoint", "o", "http://gpu"), SELF_HOSTED)
    return Line(Endpoint("o", "ollama", "http://gpu"), Availability(circuit, whole=True))


@pytest.mark.parametrize(
    ("health", "problem", "ailing"),
    [(Health(True, 0.25, "answers"), None, False), (Health(False, 0.25, "loading"), "loading", True)],
    ids=["well", "ill"],
)
def test_a_check_tells_whether_it_is_well(line: Line, health: Health, problem: str | None, ailing: bool) -> None:
    assert line.checked(health, now=7.0) == problem
    assert (line.checked_s, line.checked_at, line.ailing) == (0.25, 7.0, ailing)


def test_a_version_that_is_not_known_is_told_of_once(line: Line) -> None:
    with capture_logs() as logs:
        for version in ("0.33.3", "0.34.0", "0.34.0", "0.35.0", "0.33.3"):
            line.checked(Health(True, 0.1, "answers", version), now=0.0)
    assert [(entry["event"], entry["provider"], entry["why"]) for entry in logs] == [
        ("endpoint.unknown", "o", f"version {version} is newer than 0.33, the newest whose API is known here")
        for version in ("0.34.0", "0.35.0")
    ]
