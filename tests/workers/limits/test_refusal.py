"""How long a target is left alone after it has refused a call for its limits."""

from datetime import UTC, datetime
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.workers.limits.refusal import refusal_s
from workfleet.workers.settings.provider import ProviderSettings

#: 22:00 UTC, which is 15:00 in Los Angeles.
NOW = datetime(2026, 7, 1, 22, tzinfo=UTC).timestamp()
DAILY = {"requests_per_day": 50}


@pytest.mark.parametrize(
    ("fault", "says_s", "limits", "expected_s"),
    [
        pytest.param(Fault.RATE_LIMITED, 7.66, DAILY, 7.66, id="a minute's limit: as it says"),
        pytest.param(Fault.RATE_LIMITED, None, {}, 15.0, id="a minute's limit, and it says nothing"),
        pytest.param(Fault.QUOTA_EXHAUSTED, 44.0, DAILY, 7200.0, id="a day's: until midnight, whatever it says"),
        pytest.param(
            Fault.QUOTA_EXHAUSTED,
            44.0,
            {**DAILY, "resets": "America/Los_Angeles"},
            9 * 3600.0,
            id="until midnight where it lives",
        ),
        pytest.param(
            Fault.QUOTA_EXHAUSTED, 600.0, {**DAILY, "resets": "rolling"}, 600.0, id="a rolling one: as it says"
        ),
        pytest.param(Fault.QUOTA_EXHAUSTED, None, {}, 900.0, id="credits: nobody knows"),
        pytest.param(Fault.RATE_LIMITED, 0.0, {}, 1.0, id="it says no wait at all: a moment all the same"),
        pytest.param(Fault.RATE_LIMITED, 31 * 86_400.0, {}, 86_400.0, id="a month: asked again after a day"),
        pytest.param(Fault.QUOTA_EXHAUSTED, 31 * 86_400.0, {}, 86_400.0, id="credits, in a month: after a day"),
    ],
)
def test_it_is_left_alone_until_asking_again_makes_sense(
    fault: Fault, says_s: float | None, limits: dict[str, Any], expected_s: float
) -> None:
    provider = ProviderSettings.model_validate({"name": "p", "type": "openrouter", "limits": limits})
    assert refusal_s(Failure(fault, "no", wait_s=says_s), provider, "m", now=NOW) == expected_s
