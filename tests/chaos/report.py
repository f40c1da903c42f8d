"""A run's accounts, for people and for programs."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from .accounting import Account
from .faults import Fault
from .fleet_run import Result
from .plain_run import PlainResult


def kept(found: Account) -> bool:
    """Whether every promise was kept."""
    broken = (found.lost, found.bought_twice, found.wrong_answers, found.overlaps, found.findings)
    return found.adds_up and not found.committed_twice and not any(broken)


def as_json(result: Result, plain: PlainResult | None) -> dict[str, Any]:
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
        "called_again_p50_s": round(result.called.p50_s, 2),
        "called_again_p95_s": round(result.called.p95_s, 2),
        "called_again_max_s": round(result.called.max_s, 2),
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
        "strikes": {fault.value: result.struck.get(fault, 0) for fault in Fault},
        "took_s": round(result.took_s, 1),
        "seed": result.plan.seed,
        "plain_celery": _plain(plain) if plain else None,
    }


def _plain(result: PlainResult) -> dict[str, Any]:
    return {
        "jobs": result.plan.jobs,
        "worker_kills": result.struck[Fault.KILL_WORKER],
        "redis_kills": result.struck[Fault.KILL_REDIS],
        "lost": result.lost,
        "answers_bought": result.bought,
        "answers_in_vain": result.again,
        "called_again_p50_s": round(result.recovery.p50_s, 2),
        "called_again_p95_s": round(result.recovery.p95_s, 2),
        "called_again_max_s": round(result.recovery.max_s, 2),
        "workers_ended_alone": result.ended_alone,
        "took_s": round(result.took_s, 1),
    }


def show(result: Result, plain: PlainResult | None, console: Console) -> None:
    """Two tables: what was promised, beside plain Celery; and what else was found."""
    console.print(_beside(result, plain))
    console.print()
    console.print(_more(result))
    console.print()
    console.print(_strikes(result, plain), markup=False)
    for name, ids in (("lost", result.account.lost), ("bought twice", result.account.bought_twice)):
        if ids:
            console.print(f"{name}: {', '.join(ids[:10])}", markup=False)
    for finding in result.account.findings[:10]:
        console.print(finding, markup=False)


def _beside(result: Result, plain: PlainResult | None) -> Table:
    ours, theirs = as_json(result, None), _plain(plain) if plain else {}
    ours["answers_in_vain"] = sum(result.account.in_vain.values())
    table = Table("", "workfleet", *(["plain Celery"] if plain else []), box=None, pad_edge=False)
    for name, words in (
        ("jobs", "jobs"),
        ("worker_kills", "workers killed"),
        ("redis_kills", "Redis killed"),
        ("lost", "jobs lost"),
        ("committed_twice", "committed twice"),
        ("bought_twice", "bought twice without need"),
        ("answers_in_vain", "answers paid for in vain"),
        ("recovery_p50_s", "owner killed to next claim, p50 s"),
        ("recovery_p95_s", "p95 s"),
        ("recovery_max_s", "max s"),
        ("called_again_p50_s", "owner killed to next call, p50 s"),
        ("called_again_p95_s", "p95 s"),
        ("called_again_max_s", "max s"),
        ("workers_ended_alone", "workers that ended by themselves"),
        ("took_s", "took s"),
    ):
        table.add_row(words, *(_number(each.get(name)) for each in ([ours, theirs] if plain else [ours])))
    return table


def _more(result: Result) -> Table:
    found = result.account
    table = Table("accounts", "", box=None, pad_edge=False)
    table.add_row("submitted", _number(found.submitted))
    table.add_row("ended", _counts(found.ended))
    table.add_row("answers bought", _number(found.bought))
    table.add_row("answers booked", _number(found.booked))
    table.add_row("in vain", _counts(found.in_vain) or "none")
    table.add_row("commits refused", _number(found.refused))
    table.add_row("jobs with another's answer", _number(len(found.wrong_answers)))
    table.add_row("two calls at a time", _number(len(found.overlaps)))
    table.add_row("inconsistencies left", _number(len(found.findings)))
    table.add_row("poisonous jobs stopped", f"{found.poison} of {result.plan.poison}, innocent ones {found.innocent}")
    table.add_row("jobs recovered from killed workers", _number(result.recovery.jobs))
    table.add_row("workers call again after Redis is back", f"within {max(result.resumed_s, default=0.0):.1f} s")
    return table


def _strikes(result: Result, plain: PlainResult | None) -> str:
    told = f"struck, with seed {result.plan.seed}: {_counts(result.struck)}; {result.poison_kills} kills for poison"
    if result.missed:
        told += f"; without a victim: {_counts(result.missed)}"
    if plain:
        told += f"\nplain Celery: {plain.plan.jobs:,} jobs, and only {_counts(plain.struck)}"
    return told


def _counts(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))


def _number(value: object) -> str:
    return "-" if value is None else f"{value:,}"
