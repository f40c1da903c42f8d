"""How a job's record is written to Redis and read back. Times are milliseconds there and seconds here.

Short field names and values keep the record in Redis' compact encoding. What is read may be a newer version's, with
fields that this one does not know.
"""

import json
from collections.abc import Mapping, Sequence

from ..routing.lanes import Priority, band_of, lane
from .job import Job, JobSpec, JobState
from .messages import CROWD_STEP, PRIORITY_STEPS
from .prepared import Placed, Prepared

_PRIORITIES = {str(step): priority for priority, step in PRIORITY_STEPS.items()} | {str(CROWD_STEP): Priority.BATCH}


def _shared_fields(kind: Placed) -> list[str | int]:
    """Field, value, … that the records of a kind have in common, beside those that the script writes itself."""
    fields: list[str | int] = ["level", kind.complexity, "agent", kind.agent]
    if kind.chain:
        fields += ["chain", "\n".join(kind.chain)]
    if kind.stream:
        fields += ["stream", "1"]
    return fields


def _own_fields(job: Prepared) -> list[str]:
    """Field, value, … that only this record has."""
    fields = ["cid", job.custom_id] if job.custom_id else []
    return [*fields, "canvas", job.canvas] if job.canvas else fields


def packed(jobs: Sequence[Prepared]) -> list[str | bytes]:
    """What `submit.lua` takes: the kinds of the jobs and the jobs, as JSON, and the spec of each as it is.

    Thousands of small arguments would cost more than the jobs they are of.
    """
    numbers: dict[Placed, int] = {}
    rows = [
        (numbers.setdefault(job.placed, len(numbers) + 1), job.id, int(job.ttl_s * 1000), job.same, _own_fields(job))
        for job in jobs
    ]
    kinds = [
        (kind.task_type, kind.queue, str(PRIORITY_STEPS[kind.priority]), _shared_fields(kind), kind.agent)
        for kind in numbers
    ]
    return [json.dumps(kinds), json.dumps(rows), *[job.spec for job in jobs]]


def pairs(flat: list[bytes]) -> dict[str, str]:
    """A flat list of Redis as a mapping."""
    text = [item.decode() for item in flat]
    return dict(zip(text[::2], text[1::2], strict=True))


def from_fields(job_id: str, fields: Mapping[str, str]) -> Job:
    """The job of a record as HGETALL gives it."""
    return Job(
        id=job_id,
        state=JobState(fields["state"]),
        task_type=fields["task"],
        queue=fields["queue"],
        priority=priority_of(fields["prio"]),
        complexity=int(fields["level"]),
        agent=fields["agent"],
        created_at=int(fields["created"]) / 1000,
        deadline_at=int(fields["deadline"]) / 1000,
        lane=lane(fields["task"], band_of(int(fields["level"]))),
        chain=_lines(fields.get("chain", "")),
        tried=_lines(fields.get("tried", "")),
        epoch=int(fields.get("epoch", 0)),
        attempts=int(fields.get("attempts", 0)),
        since=int(fields.get("since", 0)),
        deaths=int(fields.get("deaths", 0)),
        owner=fields.get("owner", ""),
        batch=fields.get("batch", ""),
        custom_id=fields.get("cid", ""),
        put_back=fields.get("back", ""),
        reason=fields.get("reason", ""),
        started_at=_seconds(fields.get("started")),
        finished_at=_seconds(fields.get("done")),
        queue_wait_s=_seconds(fields.get("waited")),
        cancel_asked="cancel" in fields,
        canvas=fields.get("canvas", ""),
        stream="stream" in fields,
    )


def read(job_id: str, fields: Mapping[bytes, bytes]) -> Job | None:
    """The same, of bytes; None if there is no record, or one that cannot be read."""
    try:
        return from_fields(job_id, {k.decode(): v.decode() for k, v in fields.items()}) if fields else None
    except (KeyError, ValueError):
        return None


def read_spec(raw: bytes) -> JobSpec:
    """What was handed in, as it is stored."""
    return JobSpec.model_validate_json(raw, extra="ignore")


def priority_of(step: str) -> Priority:
    """The priority of a record's step."""
    return _PRIORITIES[step]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def _seconds(milliseconds: str | None) -> float | None:
    return None if milliseconds is None else int(milliseconds) / 1000
