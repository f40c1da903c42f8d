"""Whether the strategies choose what is recommended for some work."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from workfleet.routing.lanes import TASK_TYPES
from workfleet.workers.bench.selection import CHOOSING, TABLE, Case, Selection, measure_selection
from workfleet.workers.prices.price_list import PriceList
from workfleet.workers.registry.informed import Knowledge
from workfleet.workers.registry.reading import read_registry

#: Prices as of a day, so that no later list changes what is measured.
KNOWLEDGE = Knowledge(read_registry(), PriceList(), datetime(2026, 11, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def found() -> Selection:
    return measure_selection(KNOWLEDGE)


def test_nine_of_ten_choices_are_recommended_ones(found: Selection) -> None:
    wrong = [line.to_json() for line in found.lines if not line.matches]
    assert found.share() >= 0.9, wrong
    assert {name: found.share(name) >= 0.85 for name in CHOOSING} == dict.fromkeys(CHOOSING, True), wrong


def test_every_line_has_somebody_to_do_the_work(found: Selection) -> None:
    assert [line.to_json() for line in found.lines if line.chosen is None] == []


def test_the_table_is_broad_and_accepts_only_what_its_fleets_have() -> None:
    said = yaml.safe_load(TABLE.read_text())
    cases = [Case.model_validate(case) for case in said["cases"]]
    assert {case.fleet for case in cases} == said["fleets"].keys()
    assert len({case.task for case in cases} & set(TASK_TYPES)) == len({case.task for case in cases}) >= 15
    own = {"house-style"} | {f"@{name}" for fleet in said["fleets"].values() for name in fleet["providers"]}
    named = {name for case in cases for name in case.accept}
    assert named - own - KNOWLEDGE.registry.entries.keys() == set()
    sources = {word for case in cases for word in case.source.split(", ")}
    described = {line.removeprefix("#").split("  ")[1].strip() for line in _header() if line.startswith("#   ")}
    assert sources <= described


def _header() -> list[str]:
    return [line for line in TABLE.read_text().splitlines() if line.startswith("#   ") and line[4] != " "]


def test_a_line_says_what_was_chosen_and_what_would_have_been_right(tmp_path: Path) -> None:
    table = {
        "fleets": {"one": {"providers": {"groq": {"models": ["llama-3.1-8b-instant", "llama-3.3-70b-versatile"]}}}},
        "cases": [
            {"task": "general", "bands": ["simple"], "fleet": "one", "accept": ["llama-3.3-70b"], "source": "s"},
            {"task": "general", "bands": ["simple"], "fleet": "one", "accept": ["@groq"], "needs": ["audio"]}
            | {"source": "s", "strategies": ["quality"]},
        ],
    }
    file = tmp_path / "table.yaml"
    file.write_text(yaml.safe_dump(table))
    found = measure_selection(KNOWLEDGE, file)
    assert [(line.strategy, line.chosen, line.matches) for line in found.lines] == [
        ("cost_based", "groq/llama-3.1-8b-instant", False),
        ("quality", "groq/llama-3.3-70b-versatile", True),
        ("balanced", "groq/llama-3.1-8b-instant", False),
        ("quality", None, False),
    ]
    assert found.to_json()["by_strategy"] == {"cost_based": 0.0, "quality": 0.5, "balanced": 0.0}
