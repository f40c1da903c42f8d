"""What a job is, and how to hand one in: everything that a client of a fleet needs.

>>> from workfleet.tasks import Client, JobSpec
>>> with Client("redis://localhost:6379/0") as client:
...     print(client.run(JobSpec.from_prompt("Say hello")).text)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..routing.lanes import Band, Priority
    from .answer import Answer, FinishReason, ToolFragment, Usage
    from .batch import BatchStatus
    from .client import AsyncClient
    from .errors import (
        ConfigurationError,
        FleetError,
        FleetUnavailable,
        InvalidRequest,
        JobCancelled,
        JobExpired,
        JobFailed,
        JobNotFound,
        NoTarget,
        UnknownName,
    )
    from .fake_client import FakeAsyncClient, FakeClient
    from .job import Attempt, Constraints, Job, JobSpec, JobState
    from .request import Message, Request, ResponseFormat
    from .results import Outcome
    from .stream import Piece, PieceKind
    from .sync_client import Client

__all__ = [
    "Answer",
    "AsyncClient",
    "Attempt",
    "Band",
    "BatchStatus",
    "Client",
    "ConfigurationError",
    "Constraints",
    "FakeAsyncClient",
    "FakeClient",
    "FinishReason",
    "FleetError",
    "FleetUnavailable",
    "InvalidRequest",
    "Job",
    "JobCancelled",
    "JobExpired",
    "JobFailed",
    "JobNotFound",
    "JobSpec",
    "JobState",
    "Message",
    "NoTarget",
    "Outcome",
    "Piece",
    "PieceKind",
    "Priority",
    "Request",
    "ResponseFormat",
    "ToolFragment",
    "UnknownName",
    "Usage",
]

#: Module -> its names. Each is imported when it is first asked for: clients of Redis and Celery take their time.
_MODULES = {
    "..routing.lanes": ("Band", "Priority"),
    ".answer": ("Answer", "FinishReason", "ToolFragment", "Usage"),
    ".batch": ("BatchStatus",),
    ".client": ("AsyncClient",),
    ".errors": (
        "ConfigurationError",
        "FleetError",
        "FleetUnavailable",
        "InvalidRequest",
        "JobCancelled",
        "JobExpired",
        "JobFailed",
        "JobNotFound",
        "NoTarget",
        "UnknownName",
    ),
    ".fake_client": ("FakeAsyncClient", "FakeClient"),
    ".job": ("Attempt", "Constraints", "Job", "JobSpec", "JobState"),
    ".request": ("Message", "Request", "ResponseFormat"),
    ".results": ("Outcome",),
    ".stream": ("Piece", "PieceKind"),
    ".sync_client": ("Client",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_MODULE_OF[name], __name__), name)
    return found
