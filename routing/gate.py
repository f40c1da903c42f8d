"""The gate: whether a pool takes jobs from a lane now.

Every pool decides for itself from the same facts: the lane's route and what all pools last said of themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .directory import ChainLink, Route
from .observed import Observed


@dataclass(frozen=True, slots=True)
class PoolState:
    """What the pools of one provider say of themselves, together.

    slots, busy: over all its nodes. full_for_s: seconds since it last had a free slot, and room for a call in its
    limits; 0 if it has.
    unavailable: why it takes no jobs (breaker open, credentials rejected, draining), None if it does. resting: that
    passes by itself, as an open breaker does. leaving: jobs that were begun when a breaker had just opened, and are
    about to go on elsewhere. out: models that take no jobs, and why, while the provider does. observed: by model, what
    its calls have shown lately.
    """

    slots: int
    busy: int
    full_for_s: float = 0.0
    unavailable: str | None = None
    resting: bool = False
    leaving: int = 0
    out: Mapping[str, str] = field(default_factory=dict[str, str])
    observed: Mapping[str, Observed] = field(default_factory=dict[str, Observed])

    def why_out(self, model: str | None) -> str | None:
        """Why it takes no jobs for a model, None if it does. model: None is whatever the server has."""
        return self.unavailable or (self.out.get(model) if model is not None else None)


@dataclass(frozen=True, slots=True)
class Turn:
    """The gate's decision for one lane. why: in words, for `fleet providers status` and the logs."""

    open: bool
    why: str


def decide(route: Route | None, provider: str, pools: Mapping[str, PoolState]) -> Turn:
    """Whether the pool of `provider` takes jobs of a lane with this route.

    pools: by provider name; a provider without live pools is absent.
    """
    own = pools.get(provider)
    if own is None:
        return Turn(open=False, why="this pool has not reported yet")
    if own.unavailable is not None:
        return Turn(open=False, why=own.unavailable)
    if route is None:
        return Turn(open=True, why="the lane has no route; every pool may take it")
    own_links = [link for link in route.chain if link.provider == provider]
    if not own_links:
        return Turn(open=False, why=f"{provider} is not in the chain of route {route.name}")
    willing = [link for link in own_links if own.why_out(link.model) is None]
    if not willing:
        reasons = {f"{link.model}: {own.why_out(link.model)}" for link in own_links}
        return Turn(open=False, why="; ".join(sorted(reasons)))
    if route.strategy in ("round_robin", "least_loaded"):
        return Turn(open=True, why=f"{route.strategy}: every pool pulls at its own pace")
    return _in_order(route, min(willing, key=lambda link: link.priority), pools)


def empties_its_queue(provider: str, pools: Mapping[str, PoolState], *, hopeless: bool) -> bool:
    """Whether a pool takes jobs from its alternate queue: to run them, to send them on, or to end them.

    While nobody takes jobs, they wait where they are. hopeless: it will take none until its configuration changes.
    """
    own = pools.get(provider)
    if own is None or own.unavailable is None or hopeless:
        return True
    return any(pool.unavailable is None for name, pool in pools.items() if name != provider)


def _in_order(route: Route, link: ChainLink, pools: Mapping[str, PoolState]) -> Turn:
    for earlier in route.chain:
        if earlier.priority >= link.priority or earlier.provider == link.provider:
            continue
        pool = pools.get(earlier.provider)
        if pool is None or pool.why_out(earlier.model) is not None:
            if pool is not None and pool.leaving:
                return Turn(open=False, why=f"the jobs that {earlier.provider} had begun come first")
            continue
        if route.spill_after_s is None:
            return Turn(open=False, why=f"{earlier.provider} comes first and is available")
        if pool.full_for_s < route.spill_after_s:
            return Turn(
                open=False, why=f"{earlier.provider} comes first and has not been full for {route.spill_after_s:g} s"
            )
    return Turn(open=True, why="no earlier target is available with free slots")
