"""A target whose answer was rejected gets a second try, and is told what was wrong with the first."""

from ...routing.failure import Fault
from ...tasks.job import JobSpec
from ...tasks.request import Message, Request
from ...tasks.store import Store
from ..patience import persist
from .leases import Running

_WORDS = "Your last answer was rejected: {why}. Answer again, from the beginning, so that this is not said of it."


async def told_what_was_wrong(store: Store, running: Running) -> JobSpec:
    """What is to be asked of the running job's target."""
    job, spec = running.job, running.spec
    if job.attempts < 2 or spec.request.kind != "chat":
        return spec
    before = await persist(lambda: store.attempts(job.id, after=job.since))
    if not before or (before[-1].outcome, before[-1].target) != (Fault.BAD_OUTPUT, running.target):
        return spec
    return spec.model_copy(update={"request": with_objection(spec.request, before[-1].message)})


def with_objection(request: Request, why: str) -> Request:
    """The conversation, and what a judge said of the answer to it."""
    told = Message(role="user", content=_WORDS.format(why=why))
    return request.model_copy(update={"messages": (*request.messages, told)})
