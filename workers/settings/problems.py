"""What is wrong with a configuration, collected whole: a user corrects one file once, not field by field."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ...tasks.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or (as a warning) worth knowing.

    message: what is wrong and what to do. field: where it stands, in the file's own spelling. line, column: from 1;
    None if it comes from no file. source: the file or variable, None if it is the configuration file itself.
    """

    message: str
    field: str | None = None
    line: int | None = None
    column: int | None = None
    source: str | None = None

    def located(self, source: Path | str | None) -> str:
        """`fleet.yaml:12: providers.groq.prioritty: unknown field …`, as compilers have it and editors follow."""
        places = (self.source or source, self.line, self.column)
        place = ":".join(str(part) for part in places if part is not None)
        return ": ".join(part for part in (place, self.field, self.message) if part)

    def __str__(self) -> str:
        return self.located(None)


class SettingsError(ConfigurationError):
    """A configuration that can't be used; `problems` are all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem], source: Path | str | None = None) -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(problem.located(source) for problem in self.problems))


@dataclass(slots=True)
class Findings:
    """The collector that every step of loading adds to."""

    errors: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Each once, in the order of the file's lines; those of other sources come last."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda each: (each.source is not None, each.line or 0)))


def did_you_mean(name: str, known: Iterable[str], *, listed: Iterable[str] | None = None) -> str:
    """`; did you mean 'priority'?` if one of the known names is close, else the known names, or those to be listed."""
    names = sorted(known)
    same = [other for other in names if other.lower() == name.lower()]
    close = same or difflib.get_close_matches(name, names, n=1, cutoff=0.7)
    if close:
        return f"; did you mean {close[0]!r}?"
    shown = names if listed is None else sorted(set(listed))
    return f"; known: {', '.join(shown)}" if shown else ""
