"""A run's accounts, for people and for programs."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from .faults import Fault
from .fleet_run import Result


def kept(result: Result) -> bool:
    """Whether every promise was kept."""
    found = result.account
    broken = (found.lost, found.bought_twice, found.wrong_answers, found.overlaps, found.findings, found.committed_twice)
    return found.adds_up and not any(broken)


def as_json(result: Result) -> dict[str, Any]:
    """One object; seconds are rounded."""
    found, recovered = result.account, result.recovery
    return {
        "jobs": result.plan.jobs,
        "worker_kills": result.worker_kills,
        "redis_kills": result.redis_kills,
        "lost": len(found.lost),
        "committed_twice": found.committed_twice,
        "bought_twice": len(found.bought_twice),
        "recovery_p50_s": round(recovered.p50_s, 2),
        "recovery_p95_s": round(recovered.p95_s, 2),
        "recovery_max_s": round(recovered.max_s, 2),
        "recovered": recovered.jobs,
        "submitted": found.submitted,
        "ended": {state.value: count for state, count in found.ended.items()},
        "answers_bought": found.bought,
        "answers_booked": found.booked,
        "answers_in_vain": dict(found.in_vain),
        "commits_refused": found.refused,
        "wrong_answers": len(found.wrong_answers),
        "overlapping_calls": len(found.overlaps),
        "inconsistencies": len(found.findings),
        "poison_stopped": found.poison,
        "innocent_stopped": found.innocent,
        "resumed_max_s": round(max(result.resumed_s, default=0.0), 2),
        "workers_ended_alone": len(result.ended_alone),
        "exit_codes": sorted(set(result.exits)),
        "strikes": {fault.value: result.struck.get(fault, 0) for fault in Fault},
        "strikes_missed": {fault.value: count for fault, count in result.missed.items()},
        "took_s": round(result.took_s, 1),
        "seed": result.plan.seed,
    }


def show(told: Mapping[str, Any], console: Console) -> None:
    table = Table("workfleet", "", box=None, pad_edge=False)
    for name, value in told.items():
        text = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, Mapping) else str(value)
        table.add_row(name.replace("_", " "), text)
    console.print(table)
