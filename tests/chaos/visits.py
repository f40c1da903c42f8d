"""What the providers wrote down: one visit for each request that a job made."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request. worker: the process that asked. began, ended: steady seconds, the same in all processes of a host.

    complete: the whole answer was handed to the network. answer: the provider's id of it.
    """

    job: str
    worker: str
    began: float
    ended: float
    complete: bool
    answer: str


def read_visits(logs: Iterable[Path]) -> list[Visit]:
    """In the order in which they began."""
    lines = (line for log in logs for line in log.read_text().splitlines())
    return sorted((Visit(**json.loads(line)) for line in lines), key=lambda visit: visit.began)


def grouped(items: Iterable[_T], *, by: Callable[[_T], str]) -> defaultdict[str, list[_T]]:
    """The items by a name of theirs, each group in its order; a name that none has is an empty group."""
    found: defaultdict[str, list[_T]] = defaultdict(list)
    for item in items:
        found[by(item)].append(item)
    return found
