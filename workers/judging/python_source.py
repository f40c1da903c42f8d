"""Python as text: whether it parses, and which tests a runner would find in it. Nothing is ever executed."""

import ast
import threading
import warnings
from collections.abc import Iterable, Iterator
from typing import Final

_TEST_CASE: Final = "TestCase"
_warnings_lock = threading.Lock()


class NotPython(ValueError):
    """The text does not parse; the message names line and fault. line: from 1, None if the fault has none."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(f"line {line}: {message}" if line is not None else message)
        self.line = line


def parse(source: str) -> ast.Module:
    """The syntax tree; raises NotPython."""
    # The parser warns of odd escapes, on the standard error of whoever asks; catch_warnings is not safe across threads.
    with _warnings_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except SyntaxError as error:
            raise NotPython(error.msg, error.lineno) from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise NotPython(str(error) or "nested too deeply") from None


def collected_tests(tree: ast.Module) -> list[str]:
    """The names of the tests that pytest collects by default: `test…`, `TestX.test…`, and those of a `TestCase`."""
    found = _test_functions(tree.body)
    for node in flattened(tree.body):
        if isinstance(node, ast.ClassDef) and _holds_tests(node):
            found += [f"{node.name}.{name}" for name in _test_functions(node.body)]
    return found


def _test_functions(body: Iterable[ast.stmt]) -> list[str]:
    functions = (node for node in flattened(body) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return [function.name for function in functions if function.name.startswith("test")]


def _holds_tests(node: ast.ClassDef) -> bool:
    bases = (base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in node.bases)
    return node.name.startswith("Test") or any(str(base).endswith(_TEST_CASE) for base in bases)


def flattened(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body, those under `if`, `try` and `with` included: what a module or class defines."""
    for node in body:
        yield node
        if isinstance(node, ast.If):
            yield from flattened([*node.body, *node.orelse])
        elif isinstance(node, ast.Try | ast.TryStar):
            handled = [statement for handler in node.handlers for statement in handler.body]
            yield from flattened([*node.body, *handled, *node.orelse, *node.finalbody])
        elif isinstance(node, ast.With):
            yield from flattened(node.body)
