"""docs/configuration.md names every field of a configuration and no other, and its figures are the defaults."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from workfleet.routing.directory import RetryPolicy
from workfleet.workers.providers.rows import ROWS
from workfleet.workers.settings.breaker import HOSTED, SELF_HOSTED
from workfleet.workers.settings.dictionary import BLOCKS
from workfleet.workers.settings.kinds import HOSTED_TIMEOUTS, LOCAL_TIMEOUTS
from workfleet.workers.settings.provider import HealthCheck, RunnerSettings
from workfleet.workers.settings.schema import Settings

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "configuration.md").read_text()
_SECTIONS: Mapping[str, str] = {
    title: rest for title, _, rest in (part.partition("\n") for part in re.split(r"^#{2,3} ", PAGE, flags=re.MULTILINE))
}


def rows(title: str) -> list[list[str]]:
    """The cells of the tables in a section, without their heads."""
    lines = [line for line in _SECTIONS[title].splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]


def named(title: str) -> set[str]:
    """The fields of a section: the first column of its tables; without a table, those before its first bracket."""
    told = " ".join(row[0] for row in rows(title)) or _SECTIONS[title].partition("(")[0]
    return set(re.findall(r"`(\w+)`", told))


@pytest.mark.parametrize("title", BLOCKS)
def test_every_field_stands_in_its_section_and_no_other(title: str) -> None:
    assert named(title) == BLOCKS[title]


def test_every_type_has_its_address_and_its_variables() -> None:
    told = [(row[0].strip("`"), row[1].strip("`"), re.findall(r"`(\w+)`", row[2])) for row in rows("Types")]
    assert told == [(row.name, row.base_url or "", list(row.key_variables)) for row in ROWS.values()]


def test_every_variable_of_ours_is_told_and_no_other() -> None:
    texts = (file.read_text() for top in ("tasks", "workers") for file in (ROOT / top).rglob("*.py"))
    read = {name for text in texts for name in re.findall(r"\bFLEET_[A-Z_]+\b", text)}
    of_benchmarks = {name for name in read if name.startswith("FLEET_BENCH_")}
    assert read - of_benchmarks == {
        name for row in rows("The environment") for name in re.findall(r"`(FLEET_\w+)`", row[0])
    }


def _figures(row: list[str]) -> tuple[str, list[float]]:
    return row[0].strip("`"), [float(cell) for cell in row[1:] if re.fullmatch(r"[\d.]+", cell)]


@pytest.mark.parametrize(
    ("title", "defaults"),
    [
        ("The whole file", [Settings()]),
        ("Breaker", [HOSTED, SELF_HOSTED]),
        ("Timeouts", [HOSTED_TIMEOUTS, LOCAL_TIMEOUTS]),
        ("Health check", [HealthCheck()]),
        ("Runner", [RunnerSettings(model_file="m.gguf")]),
        ("Retry", [RetryPolicy()]),
    ],
)
def test_the_figures_are_the_defaults(title: str, defaults: list[object]) -> None:
    told = dict(_figures(row) for row in rows(title))
    told = {name: figures for name, figures in told.items() if figures}
    assert told
    assert told == {name: [getattr(each, name) for each in defaults] for name in told}
