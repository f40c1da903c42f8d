"""Modules as text and syntax tree, read once, and how imports lead from one to another."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import decode_source
from pathlib import Path
from typing import Final

from ..judging.python_source import NotPython, parse
from .module_names import ModuleNames
from .public import Function
from .references import Definition, definitions

#: Bytes; nobody wrote a larger file.
_LARGEST: Final = 2_000_000
_GENERATED: Final = re.compile(r"@generated|\bgenerated\b.*\bdo not (edit|modify)\b", re.IGNORECASE | re.DOTALL)
_HEADER_LINES: Final = 10


class Unreadable(ValueError):
    """A file that cannot be read as Python; the message says why."""


@dataclass(frozen=True, slots=True)
class Source:
    """One module. lines: without their line ends, as the syntax tree counts them. defined: what it binds, by name."""

    path: Path
    module: str
    lines: tuple[str, ...]
    tree: ast.Module
    defined: Mapping[str, Definition]

    @property
    def generated(self) -> bool:
        return _GENERATED.search("\n".join(self.lines[:_HEADER_LINES])) is not None

    def text_of(self, node: ast.stmt) -> str:
        """The lines of a statement with its decorators, its own indentation taken off."""
        first = first_line(node)
        lines = self.lines[first - 1 : node.end_lineno]
        indent = " " * node.col_offset
        return "\n".join(line.removeprefix(indent) for line in lines)


def first_line(node: ast.stmt) -> int:
    """Where a statement starts, its decorators included."""
    if isinstance(node, Function | ast.ClassDef):
        return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return node.lineno


class Sources:
    """The modules of one run."""

    def __init__(self, names: ModuleNames) -> None:
        self._names = names
        self._read: dict[Path, Source | Unreadable] = {}

    def read(self, path: Path) -> Source:
        """Raises Unreadable."""
        if path not in self._read:
            try:
                self._read[path] = _read(path, self._names.of(path))
            except Unreadable as unreadable:
                self._read[path] = unreadable
        found = self._read[path]
        if isinstance(found, Unreadable):
            raise found
        return found

    def imported(self, source: Source, level: int, name: str) -> Source | None:
        """The module that `from ...name import` means in `source`, if it lies in the same package and can be read.

        level: the dots of a relative import, 0 for an absolute one.
        """
        folder, steps = source.path.parent, name.split(".") if name else []
        if level:
            climb = level - 1
        else:
            package = source.module.split(".")
            if source.path.stem != "__init__":
                package.pop()
            shared = _common(package, steps)
            if not shared:
                return None
            climb, steps = len(package) - shared, steps[shared:]
        for _ in range(climb):
            folder = folder.parent
        return self._module_at(folder.joinpath(*steps))

    def _module_at(self, place: Path) -> Source | None:
        for path in (place.with_name(place.name + ".py"), place / "__init__.py"):
            if path.is_file():
                try:
                    return self.read(path)
                except Unreadable:
                    return None
        return None


def _common(one: list[str], other: list[str]) -> int:
    for at, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return at
    return min(len(one), len(other))


def _read(path: Path, module: str) -> Source:
    try:
        data = path.read_bytes()
        if len(data) > _LARGEST:
            raise Unreadable(f"larger than {_LARGEST:,} bytes")
        text = decode_source(data)
        tree = parse(text)
    except OSError as error:
        raise Unreadable(error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        raise Unreadable(f"not {error.encoding.upper()} at byte {error.start}") from None
    except NotPython as error:
        raise Unreadable(f"not Python: {error}") from None
    except SyntaxError as error:
        raise Unreadable(f"not Python: {error.msg}") from None
    return Source(path, module, tuple(text.split("\n")), tree, definitions(tree))
