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
    None if it comes from no file. source: the file or the environment variable.
    """

    message: str
    field: str | None = None
    line: int | None = None
    column: int | None = None
    source: str | None = None

    def __str__(self) -> str:
        position = ", ".join(str(part) for part in (self._position, self.field) if part)
        return f"{self.message} ({position})" if position else self.message

    @property
    def _position(self) -> str | None:
        if self.line is None:
            return None
        return f"line {self.line}" if self.column is None else f"line {self.line}, column {self.column}"


class SettingsError(ConfigurationError):
    """A configuration that can't be used; `problems` are all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem], source: Path | str | None = None) -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__(_report(self.problems, source))


def _report(problems: tuple[Problem, ...], source: Path | str | None) -> str:
    name = str(source) if source is not None else "configuration"
    if len(problems) == 1:
        return f"{name}: {problems[0]}"
    return "\n".join([f"{name}: {len(problems)} problems", *(f"  - {problem}" for problem in problems)])


@dataclass(slots=True)
class Findings:
    """The collector that every step of loading adds to."""

    errors: list[Problem] = field(default_factory=list[Problem])
    warnings: list[Problem] = field(default_factory=list[Problem])


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'priority'?` if one of the known names is close, else the known names."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}" if names else ""
