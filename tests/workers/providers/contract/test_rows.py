"""No row of the fault catalogue is without a test for a provider that it names."""

import re
from pathlib import Path

import pytest

from workfleet.workers.providers.rows import ROWS
from workfleet.workers.simulator.faults.catalogue import CATALOGUE, ELSEWHERE

from . import cases
from .expected import BY_ROW
from .places import PLACES

REFERENCE = Path(__file__).parents[5] / "shared" / "reference" / "provider-wire-formats.md"

EVERYBODY = frozenset(place.name for place in PLACES)

#: ruvLLM's own API has neither streams, nor listings, nor a way to ask for JSON.
CHATS = EVERYBODY - {"ruvllm"}

#: Row -> the places that the catalogue names.
NAMED = {
    "F1": EVERYBODY,
    "F2": EVERYBODY,
    "F3": {"openrouter", "anthropic"},
    "F4": EVERYBODY,
    "F5": {"ollama", "openai", "anthropic", "groq", "openrouter", "cohere", "google"},
    "F6": {"openrouter", "google", "azure"},
    "F7": EVERYBODY,
    "F8": {"google", "groq", "openai", "cohere", "openrouter"},
    "F9": EVERYBODY,
    "F10": EVERYBODY,
    "F11": {"azure", "google", "anthropic", "openai"},
    "F12": {"openai", "anthropic"},
    "F13": EVERYBODY,
    "F14": CHATS,
    "F15": EVERYBODY,
    "F16": EVERYBODY,
    "F17": {"groq", "openai", "anthropic", "google", "openrouter"},
    "F20": CHATS - {"azure, by deployment"},  # the configuration lists the deployments
    "F21": CHATS,
    "F22": CHATS - {"ollama"},
    "F23": {"ollama"},
}

#: How the catalogue calls them, where it is not our name.
CALLED = {"gemini": "google"}

TRIED = [
    *(
        (cases.row_of(spec), spec, place)
        for spec, place in (*cases.CALLS, *cases.LISTINGS, *cases.BARE_LISTINGS, *cases.PULLS)
    ),
    *(("F17", spec, place) for spec, place in cases.LIMITED),
]


def test_every_provider_has_a_place() -> None:
    assert {place.row for place in PLACES} == set(ROWS)


def test_every_row_is_tried_at_every_provider_that_it_names() -> None:
    tried = {row: {place.name for of, _, place in TRIED if of == row} for row in NAMED}
    assert {row: named - tried[row] for row, named in NAMED.items() if named - tried[row]} == {}


def test_every_fault_of_the_simulator_is_tried() -> None:
    assert {spec.partition(":")[0] for _, spec, _ in TRIED} - {"limits"} == set(CATALOGUE)


def test_every_fault_is_expected_under_its_own_row() -> None:
    assert {spec: row for row, specs in BY_ROW.items() for spec in specs if cases.row_of(spec) != row} == {}


def test_the_rows_that_are_not_tried_here_are_those_of_the_fleet() -> None:
    rows = {f"F{number}" for number in range(1, 24)}
    assert rows - set(NAMED) == {row for row, where in ELSEWHERE.items() if "of the fleet" in where} == {"F18", "F19"}


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference of the wire formats does not lie beside the clone")
def test_the_rows_name_whom_the_reference_names() -> None:
    told = dict(re.findall(r"^\| (F\d+) \|.*\| ([^|]+) \|$", REFERENCE.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(told) >= set(NAMED)
    for row, named in NAMED.items():
        words = {CALLED.get(word, word) for word in re.findall(r"[a-z]+", told[row])}
        assert words & (set(ROWS) | {"all", "dialect", "parsers"}), f"{row} names nobody: {told[row]}"
        assert {word for word in words if word in ROWS} <= named, row
        assert "all" not in words or {place.row for place in PLACES if place.name in named} >= set(ROWS) - {"ruvllm"}, (
            row
        )
