"""What was fetched, by its digest: a note for each model of a server and each file, so that a change is noticed later.

One JSON file in the folder of fetched models: "<where> <model>" -> the digest and when it was noted.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

_FILE = "digests.json"
#: As `ollama list` prints them; fewer digits could be another model's.
LEAST_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Digest:
    """sha256: in hexadecimal; of an Ollama model that of its manifest, which names those of all its parts.

    source: who says so, in words.
    """

    sha256: str
    source: str


def same(one: str, other: str) -> bool:
    """Whether two digests mean the same; one may be written in its first digits only."""
    first, second = (each.lower().removeprefix("sha256:") for each in (one, other))
    return min(len(first), len(second)) >= LEAST_DIGITS and (first.startswith(second) or second.startswith(first))


def note(folder: Path, where: str, model: str, sha256: str, *, now: datetime | None = None) -> None:
    """Note what was fetched. where: the server's address, or the folder of a file."""
    folder.mkdir(parents=True, exist_ok=True)
    day = (now or datetime.now(UTC)).date().isoformat()
    notes = {**_read(folder), f"{where} {model}": {"sha256": sha256, "noted_on": day}}
    descriptor, written = tempfile.mkstemp(prefix=_FILE, dir=folder)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(notes, stream, indent=1, sort_keys=True)
    Path(written).replace(folder / _FILE)


def noted(folder: Path, where: str, model: str) -> Digest | None:
    """What was noted of a model, None if nothing that can be read was."""
    said = _read(folder).get(f"{where} {model}")
    match said:
        case {"sha256": str(sha256), "noted_on": str(noted_on)}:
            return Digest(sha256, f"noted when it was fetched, on {noted_on}")
        case _:
            return None


def _read(folder: Path) -> dict[str, Any]:
    """Empty if it is not there, or damaged: notes are no reason to fail."""
    try:
        found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
