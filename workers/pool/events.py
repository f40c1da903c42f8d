"""Every event that the fleet logs: its name, what it means, and its fields. A test compares this with the code.

`fleet events` follows those of all workers, as far as they are no debugging (see herald.py).

A name is `noun.verb_past`. Fields are the glossary's words, with units where they have one (`_s` is seconds). No field
ever holds a prompt, an answer or a key.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ...routing.control import SETTINGS


@dataclass(frozen=True, slots=True)
class Event:
    """meaning: one line for people. fields: the names it may carry."""

    meaning: str
    fields: tuple[str, ...] = ()


EVENTS: Mapping[str, Event] = {
    # Jobs
    "job.succeeded": Event("a job's answer is committed", ("job_id", "target", "attempt", "total_s")),
    "job.failed": Event("a job ended without an answer", ("job_id", "state", "reason", "attempts")),
    "job.cancelled": Event("a running job was stopped by its owner", ("job_id",)),
    "job.handed_back": Event("a stopping pool put a running job back; no attempt is used up", ("job_id",)),
    "job.lease_lost": Event("another worker has the job by now; nothing was written", ("job_id", "epoch", "target")),
    "job.rerouted": Event("no worker of its next provider lives, so it moved on", ("job_id", "to", "why")),
    "job.unreadable": Event("a job's record cannot be read, and it is given up", ("job_id", "error")),
    "job.poisonous": Event("a job was running each time a worker died, and is given up", ("job_id",)),
    "job.isolated": Event("a job that may kill its worker runs with nothing beside it", ("job_id", "deaths")),
    "jobs.rescued": Event("jobs of dead workers are queued again; `first` is one of them", ("jobs", "first")),
    "attempt.failed": Event(
        "one call failed, and what follows", ("job_id", "target", "fault", "attempt", "error", "action")
    ),
    "attempt.broke": Event(
        "a defect of ours while an answer was asked for; counted as a failed attempt", ("job_id", "target")
    ),
    "delivery.dropped": Event("a message for a job that nobody has to run", ("job_id", "found")),
    "intake.waits": Event("Redis is away; what producers hand in is taken in when it is back", ("error",)),
    "intake.unreadable": Event("a message in the queue of what is handed in is none", ("error", "message_bytes")),
    "canvas.waits": Event("Redis is away; what follows a job in its canvas is published later", ("job_id", "error")),
    "canvas.broken": Event("a job's Celery canvas cannot be gone on with as it was handed in", ("job_id", "error")),
    "messages.pushed_anew": Event("queued jobs had lost their messages", ("queue", "jobs")),
    # Models on servers of our own
    "model.unloaded": Event(
        "an Ollama server was told to free the memory of an idle model", ("endpoint", "model", "makes_room_for")
    ),
    "model.replaced": Event(
        "a server of ours answered with another model than it was asked for; the ledger has that one's name",
        ("target", "answered_by"),
    ),
    "model.not_unloaded": Event("it could not be told so", ("endpoint", "error")),
    # Pools
    "pool.draining": Event("a pool takes no more jobs; those that run may go on for the grace", ("jobs", "grace_s")),
    "pool.handing_back": Event("a stopping pool puts back what still runs", ("jobs",)),
    "jobs.abandoned": Event("Redis is away and the process ends; other workers will run these jobs again", ("jobs",)),
    "consumer.stalled": Event(
        "Celery takes no messages although slots are free; the worker is started again", ("waiting", "waited_s")
    ),
    "pool.duty_died": Event("a part of a pool ended by a defect; the pool must be started again", ("duty", "error")),
    "lane.opened": Event("a pool takes jobs of a lane now", ("lane", "why")),
    "lane.closed": Event("a pool takes no jobs of a lane any more", ("lane", "why")),
    "strategy.failed": Event(
        "the strategy of an installed package gave no order; the configured one holds", ("strategy", "error")
    ),
    "dialect.failed": Event(
        "the dialect of an installed package has a defect; the call failed, and the job goes on", ("dialect", "error")
    ),
    "gate.waits": Event("Redis is away; the lanes stay as they are", ("error",)),
    "credentials.renewed": Event("calls go on with the key that the key's file holds now", ("provider",)),
    "provider.changed": Event(
        "an endpoint takes calls again (`unavailable` is empty), or says why not",
        ("provider", "endpoint", "unavailable"),
    ),
    "ping.failed": Event("a model gave no token at a look at its server", ("provider", "endpoint", "model", "error")),
    "endpoint.unknown": Event(
        "a server is of a version whose API is not known here; it is used all the same", ("provider", "endpoint", "why")
    ),
    "target.refused": Event(
        "a provider refuses calls for its limits; nobody asks it for so long", ("target", "fault", "wait_s")
    ),
    "quota.nearing": Event(
        "a day's or a month's quota or budget has reached 80% or 90%; what is reserved counts",
        ("quota", "provider", "share"),
    ),
    "quota.exhausted": Event("a quota is used up; its work goes elsewhere until it begins anew", ("quota", "provider")),
    "quota.renewed": Event("a quota of which people were told has begun anew, or was raised", ("quota", "provider")),
    "limits.unsettled": Event("Redis is away; a call counts as it was estimated", ("provider", "error")),
    "limits.lapsed": Event(
        "workers died with calls under way; of the money reserved for them, the margins are free again",
        ("provider", "calls"),
    ),
    "limits.not_renewed": Event(
        "Redis is away; slots of the whole fleet are held for a while only", ("provider", "error")
    ),
    "target.changed": Event(
        "one model of a provider takes calls again (`unavailable` is empty), or says why not", ("target", "unavailable")
    ),
    "control.changed": Event(
        "something was changed by hand; the fields are what holds for this pool's provider",
        ("provider", "switch", "resets", *SETTINGS),
    ),
    "directory.replaced": Event(
        "a pool came with another configuration than that of the pools that run, and its own holds from now on",
        ("changed", "source", "pools"),
    ),
    "pool.resized": Event("a pool takes so many jobs at the same time from now on", ("slots",)),
    "local_server.started": Event("a pool starts its own model server", ("provider", "model", "endpoint")),
    "local_server.loaded": Event("it has loaded its model and answers", ("provider", "took_s")),
    "local_server.slow": Event(
        "it has not loaded its model in time; others may load theirs", ("provider", "load_within_s")
    ),
    "local_server.exited": Event("it ended by itself and is started again", ("provider", "reason", "again_in_s")),
    "local_server.given_up": Event("it ended by itself and would again", ("provider", "reason")),
    "events.lost": Event("more happened at once than could be told to who watches the fleet", ("events",)),
    "metrics.served": Event("a worker serves its metrics at this address", ("url",)),
    "model.retired": Event("the configuration names a model that its provider has no longer", ("provider", "problem")),
    "feedback.not_taken": Event("a server that learns did not take how good its answer was", ("provider", "error")),
    "model.not_listed": Event(
        "a provider lists a configured model no longer; `instead` takes its place, where that is known",
        ("target", "instead"),
    ),
    "listings.wait": Event("Redis is away; what the providers list is noted when it is back", ("error",)),
    "models.not_listed": Event("a server does not list its models", ("provider", "error")),
    "leases.not_renewed": Event("Redis is away; the running calls go on", ("jobs", "error")),
    "reconciler.step_failed": Event("one duty of the reconciler failed; the others go on", ("step", "error")),
    "task_type.learned": Event("a job came of a type that this worker's configuration did not name", ("task_type",)),
    "stream.cut": Event(
        "the last pieces of an answer could not be handed on; the answer itself is kept", ("job_id", "error")
    ),
    "message.unreadable": Event("a message that is none of ours was in a queue, and is dropped", ("queue", "error")),
    "reconciler.waits": Event("Redis is away; the next round will do it", ("error",)),
    # Supervised processes
    "child.started": Event("a child process runs", ("name", "pid")),
    "child.exited": Event(
        "a child process ended by itself; it is started again", ("name", "reason", "ran_s", "again_in_s")
    ),
    "child.given_up": Event("a child process ended in a way that a new start would not change", ("name", "reason")),
    "child.killed": Event("a child process did not end when it was asked to", ("name", "pid")),
    # Redis
    "redis.awaited": Event("a worker starts, and Redis does not answer yet", ("error", "patience_s")),
    "redis.lost": Event("Redis does not answer; results are kept until it does", ("error", "patience_s")),
    "redis.returned": Event("Redis answers again; what was kept for it is handed in", ("away_s",)),
    "redis.started": Event("the embedded Redis was started, or found running", ("port", "folder", "adopted")),
    "redis.revived": Event("the embedded Redis had ended under its users, and runs again", ("port", "folder")),
    "redis.not_revived": Event("the embedded Redis ended, and cannot be started again yet", ("error",)),
    "redis.stopped": Event("the last user of the embedded Redis ended it", ("folder",)),
}
