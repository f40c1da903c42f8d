"""What an unfinished run leaves beside its output file: `<output>.run`, which names its batch and its input."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .batch import new_batch_id
from .errors import InvalidRequest
from .line_file import CannotWrite


@dataclass(frozen=True, slots=True)
class RunMarker:
    """The batch that an output file belongs to until all of it is written."""

    output: Path
    batch: str

    @property
    def file(self) -> Path:
        return self.output.with_name(self.output.name + ".run")

    @classmethod
    def at(cls, output: Path, source: Path) -> Self:
        """The marker of the unfinished run of this input, or that of a new run.

        An output file that was removed starts a new run. Raises InvalidRequest if the output file is in use by another
        input's run.
        """
        new = cls(output, new_batch_id())
        begun = _read(new.file) if output.is_file() else None
        if begun is None:
            return new
        batch, input_file = begun
        if input_file != str(source.resolve()):
            raise InvalidRequest(
                f"{output} belongs to an unfinished run of {input_file}; finish that, or name another output file"
            )
        return cls(output, batch)

    def write(self, source: Path) -> None:
        """Raises CannotWrite. Nothing is left beside a pipe or a device, which keep no lines to go on from."""
        if not self.output.is_file():
            return
        draft = self.file.with_name(self.file.name + ".new")
        try:
            draft.write_text(json.dumps({"batch": self.batch, "input": str(source.resolve())}))
            draft.replace(self.file)
        except OSError as error:
            raise CannotWrite(self.file, error) from error

    def remove(self) -> None:
        self.file.unlink(missing_ok=True)


def _read(file: Path) -> tuple[str, str] | None:
    """(batch, input); None if there is no marker, or none that can be read."""
    try:
        said = json.loads(file.read_text())
        return str(said["batch"]), str(said["input"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
