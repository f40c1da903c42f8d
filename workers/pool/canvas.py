"""The Celery canvas around a job: what its group, chain or chord does when the job has ended.

Celery's tracer does this for a task that ends where it was delivered. A job may end elsewhere and later, so its canvas
is kept in its record and taken up again by the process that ended it, or by the reconciler.
"""

import json
from typing import Any, cast

from celery import Celery
from celery.app.task import Context
from celery.canvas import maybe_signature

from ...tasks.queues import SUBMIT_TASK
from ...tasks.results import Outcome

_KEPT = ("group", "group_index", "chord", "chain", "callbacks", "errbacks", "root_id", "parent_id")


def canvas_of(request: Any) -> str:
    """What of a task's request its canvas needs, as JSON; empty if it stands alone."""
    kept = {name: value for name in _KEPT if (value := getattr(request, name, None)) is not None}
    alone = not any(kept.get(name) for name in ("group", "chord", "chain", "callbacks", "errbacks"))
    return "" if alone else json.dumps(kept, default=dict)


def refuse(app: Celery, request: Context, error: Exception) -> None:
    """Store that a call of a producer failed before it became a job, and what that means to its canvas. Blocking."""
    # Whoever reads the result makes the error anew from its words: it has to be of a class that takes nothing else.
    kind = next(kind for kind in type(error).__mro__ if "__init__" not in vars(kind))
    cast("Any", app.backend).mark_as_failure(request.id, kind(str(error)), request=request)


def go_on(app: Celery, job_id: str, canvas: str, outcome: Outcome) -> None:
    """Start what follows the job: the next of its chain, its callbacks, its chord when it was the last. Blocking."""
    kept = json.loads(canvas)
    request = Context({**kept, "id": job_id, "task": SUBMIT_TASK, "ignore_result": False, "delivery_info": {}})
    backend = cast("Any", app.backend)
    if outcome.answer is None:
        try:
            outcome.unwrap()
        except Exception as error:  # the job's own error, raised one line above, is what Celery is handed
            backend.mark_as_failure(job_id, error, request=request, store_result=False)
        return
    answer = outcome.answer.model_dump(mode="json", exclude_defaults=True)
    ids = {"parent_id": job_id, "root_id": kept.get("root_id") or job_id}
    for callback in kept.get("callbacks") or ():
        cast("Any", maybe_signature(callback, app=app)).apply_async((answer,), **ids)
    chain = kept.get("chain")
    if chain:
        following = cast("Any", maybe_signature(chain.pop(), app=app))
        following.apply_async((answer,), chain=chain, **ids)
    backend.mark_as_done(job_id, answer, request, store_result=False)
