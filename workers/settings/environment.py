"""The environment as configurations see it: a variable, or a file that a variable with `_FILE` names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Environment:
    """`get("GROQ_API_KEY")` is the variable if it is set, else the content of the file that GROQ_API_KEY_FILE names.

    Docker and Kubernetes hand secrets over as files; this is the spelling that their images agree on.
    """

    variables: Mapping[str, str]
    directory: Path  #: what relative paths in variables start from

    def get(self, name: str) -> str | None:
        """None if it is not set, or empty; a file that can't be read is as a variable that is not set."""
        value = self.variables.get(name)
        if value:
            return value
        file = self.variables.get(f"{name}_FILE")
        return read_secret(self.directory / file) if file else None

    def path(self, name: str) -> Path | None:
        """The file or folder that a variable names."""
        value = self.variables.get(name)
        return self.directory / value if value else None


def read_secret(path: Path) -> str | None:
    """What stands in a secret's file without the line break that editors add; None if it can't be read or is empty."""
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
