"""What a piece of code refers to, and what a module defines by those names."""

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..judging.python_source import flattened
from .public import Function


@dataclass(frozen=True, slots=True)
class Imported:
    """A name that an import brings. level: the dots of a relative import. name: what is imported, None for the module.

    statement: an import of this name alone.
    """

    level: int
    module: str
    name: str | None
    statement: str


Definition = Function | ast.ClassDef | ast.Assign | ast.AnnAssign | Imported


def referred(nodes: Iterable[ast.AST]) -> list[str]:
    """Names that the code reads, as `name` or `name.attribute`, in the order of their first appearance."""
    found: dict[str, None] = {}
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found[f"{node.value.id}.{node.attr}"] = None
            elif isinstance(node, ast.Name):
                found[node.id] = None
    return list(found)


def definitions(tree: ast.Module) -> Mapping[str, Definition]:
    """What a module's own statements bind, by name; of several, the first."""
    found: dict[str, Definition] = {}
    for node in flattened(tree.body):
        for name, definition in _bound(node):
            found.setdefault(name, definition)
    return found


def _bound(node: ast.stmt) -> list[tuple[str, Definition]]:
    if isinstance(node, Function | ast.ClassDef):
        return [(node.name, node)]
    if isinstance(node, ast.Assign):
        names = [name for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)]
        return [(name.id, node) for name in names]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [(node.target.id, node)]
    if isinstance(node, ast.Import):
        return [_whole_module(alias) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [_from_module(node, alias) for alias in node.names if alias.name != "*"]
    return []


def _whole_module(alias: ast.alias) -> tuple[str, Imported]:
    statement = ast.unparse(ast.Import([alias]))
    if alias.asname:
        return alias.asname, Imported(0, alias.name, None, statement)
    top = alias.name.partition(".")[0]
    return top, Imported(0, top, None, statement)


def _from_module(node: ast.ImportFrom, alias: ast.alias) -> tuple[str, Imported]:
    statement = ast.unparse(ast.ImportFrom(node.module, [alias], node.level))
    return alias.asname or alias.name, Imported(node.level, node.module or "", alias.name, statement)
