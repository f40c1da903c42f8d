"""Values of a configuration that know where they stand, so that an error found late still names the line.

The forms move and rename values; each keeps the place and the spelling that it has in the file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .problems import Problem


@dataclass(frozen=True, slots=True)
class Missing:
    """Stands where a value needs variables that are not set: an error only if something enabled needs the value."""

    names: tuple[str, ...]


Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Node:
    """One value.

    value: a scalar, a tuple of nodes or a mapping of nodes. line: from 1, of the key if it has one; None if it stands
    in no file. path: as the file spells it (`providers[0].apiKey`). source: the file or variable, if it is not the main
    file. variables: the environment variables that the value was taken from.
    """

    value: "Scalar | Missing | tuple[Node, ...] | Mapping[str, Node]"
    line: int | None = None
    path: str = ""
    source: str | None = None
    variables: tuple[str, ...] = ()

    @property
    def fields(self) -> Mapping[str, "Node"]:
        """The fields of a mapping; none if it is no mapping."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> tuple["Node", ...]:
        """The items of a list; none if it is no list."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.value, Mapping)

    def get(self, name: str) -> "Node | None":
        return self.fields.get(name)

    def with_value(self, value: "Scalar | Missing | tuple[Node, ...] | Mapping[str, Node]") -> "Node":
        return replace(self, value=value)

    def with_fields(self, fields: Mapping[str, "Node"]) -> "Node":
        """The same mapping with these fields added or replaced."""
        return replace(self, value={**self.fields, **fields})

    def without(self, names: Iterable[str]) -> "Node":
        dropped = set(names)
        return replace(self, value={name: child for name, child in self.fields.items() if name not in dropped})

    def default(self, name: str, child: "Node") -> "Node":
        """The same mapping with a field added, unless it has it."""
        return self if name in self.fields else self.with_fields({name: child})

    def put(self, path: tuple[str, ...], child: "Node") -> "Node":
        """The same mapping with a value at a path of fields; mappings on the way are made."""
        first, *rest = path
        if not rest:
            return self.with_fields({first: child})
        inner = self.get(first)
        if inner is None or not inner.is_mapping:
            inner = replace(child, value={}, variables=())
        return self.with_fields({first: inner.put(tuple(rest), child)})

    def problem(self, message: str) -> Problem:
        return Problem(message, field=self.path or None, line=self.line, source=self.source)


EMPTY = Node({})


def plain(node: Node) -> Any:
    """The bare values; a missing one is None."""
    if isinstance(node.value, Mapping):
        return {name: plain(child) for name, child in node.value.items()}
    if isinstance(node.value, tuple):
        return [plain(child) for child in node.value]
    return None if isinstance(node.value, Missing) else node.value


def below(path: str, name: str) -> str:
    """The path of a field: `providers.groq`, or `agents['Pricing Agent']` for a name with blanks or dots."""
    if not name.replace("_", "").replace("-", "").isalnum():
        return f"{path}[{name!r}]"
    return f"{path}.{name}" if path else name


def nearest(node: Node, location: Iterable[str | int]) -> Node:
    """The node at a location, or the deepest on the way to it that exists."""
    for step in location:
        child: Node | None = None
        if isinstance(step, str):
            child = node.get(step)
        elif step < len(node.items):
            child = node.items[step]
        if child is None:
            return node
        node = child
    return node


def missing(node: Node) -> list[Node]:
    """Every value below that needs a variable which is not set."""
    if isinstance(node.value, Missing):
        return [node]
    return [found for child in (*node.fields.values(), *node.items) for found in missing(child)]


def pruned(node: Node) -> Node:
    """The same tree without the fields and items that need variables which are not set."""
    if node.is_mapping:
        kept = {name: pruned(child) for name, child in node.fields.items() if not isinstance(child.value, Missing)}
        return node.with_value(kept)
    if isinstance(node.value, tuple):
        return node.with_value(tuple(pruned(child) for child in node.value if not isinstance(child.value, Missing)))
    return node
