"""What an unfinished run leaves beside its output file: `<output>.run`, which names its batch and its input."""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .errors import InvalidRequest
from .line_file import CannotWrite


@dataclass(frozen=True, slots=True)
class RunMarker:
    """The batch that an output file belongs to until all of it is written."""

    file: Path
    batch: str

    @classmethod
    def at(cls, output: Path, source: Path) -> Self:
        """The marker of the unfinished run of this input, or that of a new run.

        An output file that was removed starts a new run. Raises InvalidRequest if the output file is in use by another
        input's run.
        """
        file = output.with_name(output.name + ".run")
        begun = _read(file) if output.exists() else None
        if begun is None:
            return cls(file, f"batch-{uuid.uuid4().hex[:12]}")
        batch, input_file = begun
        if input_file != str(source.resolve()):
            raise InvalidRequest(
                f"{output} belongs to an unfinished run of {input_file}; finish that, or name another output file"
            )
        return cls(file, batch)

    def write(self, source: Path) -> None:
        """Raises CannotWrite."""
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
