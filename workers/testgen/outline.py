"""Definitions in short: what a reader needs to call them."""

import ast
import copy
from collections.abc import Container
from functools import lru_cache
from typing import Final

from .public import Function
from .sources import Source

_CONSTRUCTION: Final = frozenset({"__init__", "__new__", "__post_init__"})


def signature(function: Function) -> str:
    """Decorators, signature and docstring, with `...` for the body."""
    return _without_body(function, ast.get_docstring(function))


def outline(
    source: Source, node: ast.ClassDef, *, methods: Container[str] | None = None, construction: bool = False
) -> str:
    """A class: its fields as they stand, and the signatures of its methods.

    methods: the names of those to show, None for all. construction: how it is built and checked in full.
    """
    lines = _head(node)
    for statement in node.body:
        if not isinstance(statement, Function):
            shown = not isinstance(statement, ast.ClassDef | ast.Pass)
            lines += _indented(source.text_of(statement)) if shown else []
        elif construction and statement.name in _CONSTRUCTION:
            lines += _indented(source.text_of(statement))
        elif methods is None or statement.name in methods:
            lines += _indented(_brief(statement))
    return "\n".join(lines)


def _head(node: ast.ClassDef) -> list[str]:
    head = copy.copy(node)
    head.body = [ast.Pass()]
    return ast.unparse(head).splitlines()[:-1]


@lru_cache(maxsize=4096)
def _brief(function: Function) -> str:
    """Remembered: a class is outlined once for each of its methods, and may have hundreds."""
    return _without_body(function, _summary(function))


def _summary(function: Function) -> str | None:
    doc = ast.get_docstring(function)
    return doc.partition("\n\n")[0] if doc else None


def _without_body(function: Function, doc: str | None) -> str:
    short = copy.copy(function)
    short.body = [*([ast.Expr(ast.Constant(doc))] if doc else []), ast.Expr(ast.Constant(...))]
    return ast.unparse(short)


def _indented(text: str) -> list[str]:
    return [f"    {line}" if line else line for line in text.splitlines()]
