"""A job that is ready to be stored."""

from dataclasses import dataclass
from typing import NamedTuple

from ..routing.lanes import Priority, band_of, lane


@dataclass(frozen=True, slots=True)
class Placed:
    """Where jobs go, and what else the records of jobs of one kind have in common.

    chain: their own targets, `provider` or `provider/model`; empty if the lane's route serves them.
    """

    task_type: str
    queue: str
    priority: Priority
    complexity: int
    agent: str
    chain: tuple[str, ...] = ()
    stream: bool = False

    @property
    def lane(self) -> str:
        return lane(self.task_type, band_of(self.complexity))


class Prepared(NamedTuple):
    """A job ready to be stored. spec: what was handed in, JSON. ttl_s: seconds to its deadline. canvas: its Celery
    canvas, JSON. same: its idempotency key with its agent. Empty texts stand for nothing.

    A NamedTuple, for one is made for every line of a file: frozen dataclasses take three times as long.
    """

    id: str
    placed: Placed
    spec: bytes
    ttl_s: float
    custom_id: str = ""
    canvas: str = ""
    same: str = ""
