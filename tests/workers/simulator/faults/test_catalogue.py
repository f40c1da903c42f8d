from pathlib import Path

import pytest

from workfleet.tasks.errors import UnknownName
from workfleet.workers.simulator.dialects.known import DIALECTS
from workfleet.workers.simulator.faults.catalogue import CATALOGUE, ELSEWHERE, fault_named

#: The rows of the fault catalogue in the reference of the providers' wire formats.
ROWS = {f"F{number}" for number in range(1, 24)}


def test_every_row_of_the_catalogue_is_a_named_fault_or_found_elsewhere() -> None:
    assert {fault.row for fault in CATALOGUE.values()} | set(ELSEWHERE) == ROWS
    assert {fault.row for fault in CATALOGUE.values()} & set(ELSEWHERE) == set()


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_every_fault_has_a_test_that_shows_its_form_on_the_wire(name: str) -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_wire_*.py"))
    assert f'"{name}"' in tests or f'"{name}:' in tests


def test_every_fault_is_of_a_dialect_that_is_spoken() -> None:
    spoken = {dialect.name for dialect in DIALECTS}
    assert {name for fault in CATALOGUE.values() for name in fault.dialects} == spoken


def test_every_fault_says_what_happens() -> None:
    assert [fault.name for fault in CATALOGUE.values() if not fault.summary] == []


def test_an_unknown_fault_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="unknown fault 'http-5'; known: answer-filtered, "):
        fault_named("http-5")
