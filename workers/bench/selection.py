"""Whether the strategies choose the models that are recommended for some work: a labelled table, and its share."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict

from ...routing.directory import Directory, Strategy, Target
from ...routing.lanes import Band
from ...routing.placement import Wants, admissible
from ...routing.selection import selected
from ...routing.suitability import Work
from ..registry.informed import Knowledge
from ..settings.load import load_settings

TABLE = Path(__file__).with_name("selection_cases.yaml")
CHOOSING: tuple[Strategy, ...] = ("cost_based", "quality", "balanced")
#: Keys are needed for a configuration to be whole; nobody is asked.
_KEYS = {f"{name}_API_KEY": "none" for name in ("GROQ", "OPENROUTER", "ANTHROPIC", "OPENAI", "COHERE", "GEMINI")}


class Case(BaseModel):
    """Some work in a fleet. accept: ids of the registry, and `@provider` for any of its models. tokens: of a prompt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    bands: tuple[Band, ...]
    fleet: str
    accept: tuple[str, ...]
    source: str
    needs: frozenset[str] = frozenset()
    tokens: int = 0
    strategies: tuple[Strategy, ...] = CHOOSING
    why: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One choice. chosen: `provider/model`, None if no target can do the work."""

    case: Case
    band: Band
    strategy: Strategy
    chosen: str | None
    matches: bool

    def to_json(self) -> dict[str, object]:
        return {
            "task_type": self.case.task,
            "band": self.band,
            "fleet": self.case.fleet,
            "needs": sorted(self.case.needs),
            "tokens": self.case.tokens,
            "strategy": self.strategy,
            "chosen": self.chosen,
            "acceptable": list(self.case.accept),
            "matches": self.matches,
            "source": self.case.source,
        }


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen for each line of the table."""

    lines: tuple[Line, ...]

    def of(self, strategy: Strategy) -> list[Line]:
        return [line for line in self.lines if line.strategy == strategy]

    def share(self, strategy: Strategy | None = None) -> float:
        """Of lines that match, 0 to 1; of one strategy, or of all."""
        asked = self.lines if strategy is None else self.of(strategy)
        return sum(line.matches for line in asked) / len(asked)

    def to_json(self) -> dict[str, object]:
        by_strategy = {name: round(self.share(name), 4) for name in CHOOSING}
        return {
            "lines": len(self.lines),
            "share": round(self.share(), 4),
            "by_strategy": by_strategy,
            "chosen": [line.to_json() for line in self.lines],
        }


def measure_selection(knowledge: Knowledge, table: Path = TABLE) -> Selection:
    """What each strategy chooses for each line, before anything is observed of any target."""
    said = yaml.safe_load(table.read_text())
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder:
        fleets = {name: _directory(Path(folder) / name, fleet, knowledge) for name, fleet in said["fleets"].items()}
    cases = [Case.model_validate(case) for case in said["cases"]]
    return Selection(tuple(line for case in cases for line in _lines(case, fleets, knowledge)))


def _directory(file: Path, said: Any, knowledge: Knowledge) -> Directory:
    """As a worker has it that reads this configuration from a file."""
    file.write_text(yaml.safe_dump(said))
    return knowledge.informed(load_settings(file, env=_KEYS).directory())


def _lines(case: Case, fleets: Mapping[str, Directory], knowledge: Knowledge) -> Iterator[Line]:
    directory = fleets[case.fleet]
    for band in case.bands:
        for strategy in case.strategies:
            chosen = choose(directory, Work(case.task, band), strategy, Wants(needs=case.needs, tokens=case.tokens))
            matches = chosen is not None and not _names(chosen, directory, knowledge).isdisjoint(case.accept)
            yield Line(case, band, strategy, str(chosen) if chosen else None, matches)


def choose(directory: Directory, work: Work, strategy: Strategy, wants: Wants) -> Target | None:
    """The target that comes first of those that can do the work, None if none can."""
    route = directory.route_for(work.task_type, work.band)
    if route is None:
        return None
    chosen = selected(route.model_copy(update={"strategy": strategy}), directory.providers, work)
    good, _ = admissible(directory, chosen.chain, work.task_type, wants)
    return directory.resolve(good[0], work.task_type) if good else None


def _names(target: Target, directory: Directory, knowledge: Knowledge) -> set[str]:
    """What a table may call a target."""
    known = knowledge.registry.find(directory.providers[target.provider].type, target.model)
    return {f"@{target.provider}", known.entry.id if known is not None else target.model}
