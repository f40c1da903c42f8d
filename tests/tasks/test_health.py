"""How a provider stands, from what its workers say and its breakers show."""

import pytest

from workfleet.routing.breaker import BreakerPolicy
from workfleet.routing.control import Control, ProviderControl
from workfleet.routing.observed import Observed
from workfleet.tasks.breakers import SharedBreaker
from workfleet.tasks.fleet_state import NodeReport
from workfleet.tasks.health import BreakerHealth, ProviderHealth, State, health_of

NOW = 1000.0


def node(name: str = "groq@a", **fields: object) -> NodeReport:
    return NodeReport.model_validate({"node": name, "provider": "groq", "slots": 4, **fields})


def seen(
    *nodes: NodeReport, control: ProviderControl | None = None, breakers: dict[str, SharedBreaker] | None = None
) -> ProviderHealth:
    (found,) = health_of(
        {"groq": BreakerPolicy(failures=7)},
        nodes,
        breakers or {},
        Control(providers={"groq": control or ProviderControl()}),
        now=NOW,
    )
    return found


@pytest.mark.parametrize(
    ("nodes", "switch", "state", "why"),
    [
        ([], "enabled", "no worker runs", None),
        ([node(), node("groq@b", unavailable="it is down")], "enabled", "takes jobs", None),
        ([node(unavailable="it is down")], "enabled", "out", "it is down"),
        ([node(unavailable="its breaker is open", resting=True)], "enabled", "resting", "its breaker is open"),
        ([node(busy=1)], "draining", "draining", "it is drained by hand (fleet providers enable takes it back)"),
        ([node()], "draining", "drained", "it is drained by hand (fleet providers enable takes it back)"),
        ([], "disabled", "disabled", "it is disabled by hand (fleet providers enable takes it back)"),
    ],
    ids=["none lives", "one is well", "none is well", "resting", "finishing", "finished", "disabled"],
)
def test_the_state_in_a_word(nodes: list[NodeReport], switch: str, state: State, why: str | None) -> None:
    found = seen(*nodes, control=ProviderControl.model_validate({"switch": switch}))
    assert (found.state, found.why) == (state, why)


def test_breakers_tell_their_failures_and_when_their_probe_is_due() -> None:
    breakers = {
        "target|groq|a": SharedBreaker(failures=2, calls=5),
        "target|groq|b": SharedBreaker(trips=1, opened=1, probe=1_020_500),
        "endpoint|groq|http://x": SharedBreaker(
            trips=2, opened=1, probe=900_000, prober="groq@a", lent=1_001_000, successes=1
        ),
        "target|other|c": SharedBreaker(trips=1),
        "unreadable": SharedBreaker(trips=1),
    }
    assert seen(node(), breakers=breakers).breakers == (
        BreakerHealth("endpoint", "http://x", "half_open", trips=2, probe_in_s=0.0, prober="groq@a", successes=1),
        BreakerHealth("target", "a", "closed", failures=2, calls=5),
        BreakerHealth("target", "b", "open", trips=1, probe_in_s=20.5),
    )


def test_what_all_workers_have_seen_is_told_together() -> None:
    fast, slow = (Observed(calls=10, total_s=total_s, failing=0.1) for total_s in (1.0, 3.0))
    found = seen(
        node(busy=1, uptime=1.0, observed={"m": fast}, open_lanes=("x.simple",), closed_lanes={"y.simple": "later"}),
        node("groq@b", uptime=0.5, observed={"m": slow}, open_lanes=("y.simple",), out={"n": "its breaker is open"}),
    )
    assert (found.slots, found.busy, found.uptime) == (8, 1, 0.75)
    assert found.overall.total_s == 2.0
    assert (found.open_lanes, found.closed_lanes) == (("x.simple", "y.simple"), {})
    assert found.passed_by == {"n": "its breaker is open"}
    assert found.fields()["error_rate"] == 0.1
