"""What every step of loading needs besides the values themselves."""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from .environment import Environment
from .problems import Findings


@dataclass(frozen=True, slots=True)
class Context:
    """environment: where variables come from. folder: where relative paths in the file start. findings: collected.

    needed: the providers that must be complete, None for all that are enabled.
    """

    environment: Environment
    folder: Path
    findings: Findings = field(default_factory=Findings)
    needed: Collection[str] | None = None
