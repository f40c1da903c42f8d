"""The Python files below a path that hold a package's own code."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ...tasks.errors import InvalidRequest

_NO_CODE_FOLDERS: Final = frozenset(
    {"__pycache__", "build", "dist", "migrations", "node_modules", "site-packages", "test", "tests"}
)
_NO_CODE_FILE: Final = re.compile(r"\..*|(test_.*|.*_test|tests|conftest|setup|__main__|.*_pb2|.*_pb2_grpc)\.py")


def python_files(path: Path) -> list[Path]:
    """The files below `path`, sorted; `path` itself if it is a file.

    Tests, hidden and generated files, virtual environments and build output are left out. A folder that symbolic links
    reach twice is read once. Raises InvalidRequest if there is nothing at `path`, or nothing to write tests for.
    """
    if path.is_file():
        if path.suffix != ".py":
            raise InvalidRequest(f"{path} is not a Python file")
        return [path]
    if not path.is_dir():
        raise InvalidRequest(f"{path} does not exist")
    found = sorted(_walk(path))
    if not found:
        raise InvalidRequest(f"{path} holds no Python files besides tests")
    return found


def _walk(root: Path) -> Iterator[Path]:
    seen: set[Path] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        here = Path(folder)
        if (real := here.resolve()) in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if _is_code_folder(here / name))
        for name in files:
            if name.endswith(".py") and not _NO_CODE_FILE.fullmatch(name) and (here / name).is_file():
                yield here / name


def _is_code_folder(folder: Path) -> bool:
    if folder.name.startswith(".") or folder.name in _NO_CODE_FOLDERS or folder.name.endswith(".egg-info"):
        return False
    return not (folder / "pyvenv.cfg").exists()
