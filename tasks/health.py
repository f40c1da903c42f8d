"""How each provider stands: its breakers, what its calls have shown, and what is passed by and why. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ..routing.breaker import BreakerPolicy
from ..routing.control import Control, ProviderControl
from ..routing.observed import Observed, together
from .breakers import BreakerName, SharedBreaker
from .fleet_state import EndpointReport, NodeReport

State = Literal["takes jobs", "resting", "out", "draining", "drained", "disabled", "no worker runs"]


@dataclass(frozen=True, slots=True)
class BreakerHealth:
    """state: `closed`, `open` or `half_open`. probe_in_s: until its next probe, 0 if it is due. prober: who has it.

    successes: of probes since it opened.
    """

    scope: str
    of: str
    state: str
    failures: int = 0
    calls: int = 0
    trips: int = 0
    probe_in_s: float | None = None
    prober: str | None = None
    successes: int = 0


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """One provider on all its workers.

    why: why it takes no jobs. uptime: the mean share of its workers' lives in which it took jobs, None without any.
    observed: by model. passed_by: model -> why it takes no jobs, though the provider does. policy: of its breakers.
    """

    provider: str
    state: State
    why: str | None = None
    slots: int = 0
    busy: int = 0
    uptime: float | None = None
    open_lanes: tuple[str, ...] = ()
    closed_lanes: Mapping[str, str] = field(default_factory=dict[str, str])
    passed_by: Mapping[str, str] = field(default_factory=dict[str, str])
    breakers: tuple[BreakerHealth, ...] = ()
    observed: Mapping[str, Observed] = field(default_factory=dict[str, Observed])
    endpoints: tuple[EndpointReport, ...] = ()
    control: ProviderControl = field(default_factory=ProviderControl)
    policy: BreakerPolicy = field(default_factory=BreakerPolicy)

    @property
    def overall(self) -> Observed:
        return together(self.observed.values())

    def fields(self) -> dict[str, Any]:
        """For programs."""
        told = {name: {**seen.model_dump(), "error_rate": seen.failing} for name, seen in self.observed.items()}
        return {
            "state": self.state,
            "why": self.why,
            "slots": self.slots,
            "busy": self.busy,
            "uptime": self.uptime,
            "error_rate": round(self.overall.failing, 4),
            "open_lanes": list(self.open_lanes),
            "closed_lanes": dict(self.closed_lanes),
            "passed_by": dict(self.passed_by),
            "breaker_policy": asdict(self.policy),
            "breakers": [asdict(each) for each in self.breakers],
            "models": told,
            "endpoints": [each.model_dump() for each in self.endpoints],
            "by_hand": self.control.model_dump(exclude={"resets"}, exclude_none=True),
        }


def health_of(
    providers: Mapping[str, BreakerPolicy],
    living: Sequence[NodeReport],
    breakers: Mapping[str, SharedBreaker],
    control: Control,
    *,
    now: float,
) -> tuple[ProviderHealth, ...]:
    """providers: with the policies of their breakers. living: nodes that report. now: Redis' clock, seconds."""
    return tuple(
        _health(
            provider,
            policy,
            [node for node in living if node.provider == provider],
            breakers,
            control.of(provider),
            now,
        )
        for provider, policy in providers.items()
    )


def _health(
    provider: str,
    policy: BreakerPolicy,
    nodes: Sequence[NodeReport],
    breakers: Mapping[str, SharedBreaker],
    control: ProviderControl,
    now: float,
) -> ProviderHealth:
    state, why = _state(nodes, control)
    models = {model for node in nodes for model in node.observed}
    taken = {lane for node in nodes for lane in node.open_lanes}
    refused = {lane: why for node in nodes for lane, why in node.closed_lanes.items() if lane not in taken}
    return ProviderHealth(
        provider,
        state,
        why,
        slots=sum(node.slots for node in nodes),
        busy=sum(node.busy for node in nodes),
        uptime=sum(node.uptime for node in nodes) / len(nodes) if nodes else None,
        open_lanes=tuple(sorted(taken)),
        closed_lanes=refused,
        passed_by={model: why for node in nodes for model, why in node.out.items()},
        breakers=tuple(_breakers(provider, breakers, now)),
        observed={
            model: together(node.observed[model] for node in nodes if model in node.observed)
            for model in sorted(models)
        },
        endpoints=tuple(each for node in nodes for each in node.endpoints),
        control=control,
        policy=policy,
    )


def _state(nodes: Sequence[NodeReport], control: ProviderControl) -> tuple[State, str | None]:
    if control.switch == "disabled":
        return "disabled", control.why_out
    if not nodes:
        return "no worker runs", None
    if control.switch == "draining":
        return ("draining" if any(node.busy for node in nodes) else "drained"), control.why_out
    reasons = [node.unavailable for node in nodes]
    if None in reasons:
        return "takes jobs", None
    return ("resting" if any(node.resting for node in nodes) else "out"), reasons[0]


def _breakers(provider: str, breakers: Mapping[str, SharedBreaker], now: float) -> Iterable[BreakerHealth]:
    for text, breaker in sorted(breakers.items()):
        name = BreakerName.parse(text)
        if name is None or name.provider != provider:
            continue
        if not breaker.is_open:
            yield BreakerHealth(name.scope, name.of, "closed", breaker.failures, breaker.calls)
            continue
        left_s = max(0.0, breaker.probe / 1000 - now)
        prober = breaker.prober if breaker.lent / 1000 > now else None
        state = "half_open" if left_s == 0 else "open"
        yield BreakerHealth(
            name.scope,
            name.of,
            state,
            breaker.failures,
            breaker.calls,
            breaker.trips,
            round(left_s, 1),
            prober or None,
            breaker.successes,
        )
