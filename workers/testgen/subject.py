"""What tests are written for: one public function or method, with what a reader needs to understand it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Subject:
    """module: the name it is imported by. qualname: `function` or `Class.method`. source: its text, not indented.
    context: the definitions around it that it rests on. line: where it starts, from 1.
    """

    module: str
    qualname: str
    source: str
    context: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.module}.{self.qualname}"

    @property
    def imported_name(self) -> str:
        """What a test imports from the module: the function, or the outermost class of the method."""
        return self.qualname.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that yields no subjects because of a fault in it; the others go on."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
