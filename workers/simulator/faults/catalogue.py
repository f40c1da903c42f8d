"""All faults by name."""

from collections.abc import Mapping

from ....tasks.errors import UnknownName
from . import answers, connections, framing, pace, shelves, statuses
from .fault import Fault

CATALOGUE: Mapping[str, Fault] = {
    fault.name: fault
    for module in (connections, framing, answers, statuses, pace, shelves)
    for fault in sorted(module.FAULTS, key=lambda fault: int(fault.row[1:]))
}

#: Rows of the catalogue that are no faults of the simulator, and where they are found.
ELSEWHERE: Mapping[str, str] = {
    "F17": "the settings rpm, tpm, rpd and tpd: limits that are enforced and told in the flavour's headers",
    "F18": "a fault of the fleet: a job delivered twice",
    "F19": "a fault of the fleet: killed workers and Redis restarts",
}


def fault_named(name: str) -> Fault:
    """Raises UnknownName."""
    if name not in CATALOGUE:
        raise UnknownName("fault", name, CATALOGUE)
    return CATALOGUE[name]
