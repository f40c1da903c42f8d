"""The names that tests import files by."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class ModuleNames:
    """Names files of one run. root: the folder or file that was asked for; files in no package are named from it."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve() if root.is_dir() else root.resolve().parent
        self._projects: dict[Path, Mapping[Path, str]] = {}

    def of(self, file: Path) -> str:
        """`package.module`. A package is a folder with an `__init__.py`.

        Where the project's `[tool.setuptools.package-dir]` gives a folder another name, that is the name.
        """
        file = file.resolve()
        folder = file.parent
        while (folder / "__init__.py").exists():
            if renamed := self._package_dirs(folder.parent).get(folder):
                return _dotted(file.relative_to(folder), renamed)
            folder = folder.parent
        if folder == file.parent and file.is_relative_to(self._root):
            folder = self._root
        return _dotted(file.relative_to(folder))

    def _package_dirs(self, folder: Path) -> Mapping[Path, str]:
        """Package folder -> package, as the project that `folder` is in says."""
        if folder not in self._projects:
            if (folder / "pyproject.toml").exists() or folder == folder.parent:
                self._projects[folder] = _renamed(folder)
            else:
                self._projects[folder] = self._package_dirs(folder.parent)
        return self._projects[folder]


def _dotted(file: Path, package: str = "") -> str:
    steps = [package, *file.parent.parts, "" if file.stem == "__init__" else file.stem]
    return ".".join(step for step in steps if step)


def _renamed(project: Path) -> Mapping[Path, str]:
    try:
        settings: dict[str, Any] = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
        folders: dict[str, str] = settings["tool"]["setuptools"]["package-dir"]
        return {(project / folder).resolve(): package for package, folder in folders.items() if package}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # No project, another build, or a file that its own tools have to complain about.
        return {}
