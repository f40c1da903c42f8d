"""Which functions of a module are public, and have something to test."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..judging.python_source import flattened

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class PublicFunction:
    """nodes: its definitions in order; several for a property's getter and setter, or under `if` and `else`.
    owners: the classes around it, outermost first.
    """

    qualname: str
    nodes: tuple[Function, ...]
    owners: tuple[ast.ClassDef, ...] = ()


def public_functions(tree: ast.Module) -> list[PublicFunction]:
    """Public functions and public methods of public classes that have a body, in the order of the module.

    What `__all__` leaves out is not public where a module has one.
    """
    exported = _exported(tree)
    found: dict[str, PublicFunction] = {}
    for function in _functions(tree.body, (), exported):
        earlier = found.get(function.qualname)
        nodes = (*earlier.nodes, *function.nodes) if earlier else function.nodes
        found[function.qualname] = PublicFunction(function.qualname, nodes, function.owners)
    return list(found.values())


def _functions(
    body: Iterable[ast.stmt], owners: tuple[ast.ClassDef, ...], exported: frozenset[str] | None
) -> Iterator[PublicFunction]:
    for node in flattened(body):
        if not isinstance(node, Function | ast.ClassDef) or not _is_public(node.name, exported):
            continue
        if isinstance(node, ast.ClassDef):
            yield from _functions(node.body, (*owners, node), None)
        elif has_body(node):
            qualname = ".".join([*(owner.name for owner in owners), node.name])
            yield PublicFunction(qualname, (node,), owners)


def _is_public(name: str, exported: frozenset[str] | None) -> bool:
    return name in exported if exported is not None else not name.startswith("_")


def has_body(function: Function) -> bool:
    """Whether it does anything: no overload, no stub, nothing that only says that it is not implemented."""
    if any(_last_name(decorator) == "overload" for decorator in function.decorator_list):
        return False
    return any(not _is_filler(statement) for statement in function.body)


def _is_filler(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Raise):
        raised = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return raised is not None and _last_name(raised) == "NotImplementedError"
    is_constant = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_constant or isinstance(statement, ast.Pass)


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _exported(tree: ast.Module) -> frozenset[str] | None:
    """The names of `__all__`, None if the module has none that can be read without running it."""
    names: frozenset[str] | None = None
    for node in tree.body:
        if isinstance(node, ast.AugAssign) and _last_name(node.target) == "__all__":
            return None
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(_last_name(target) == "__all__" for target in targets):
                names = _strings(node.value)
    return names


def _strings(value: ast.expr | None) -> frozenset[str] | None:
    if not isinstance(value, ast.List | ast.Tuple):
        return None
    return frozenset(str(item.value) for item in value.elts if isinstance(item, ast.Constant))
