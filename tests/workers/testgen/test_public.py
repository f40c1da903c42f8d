"""Public functions and methods are those that a caller may use, and that do something."""

import pytest

from workfleet.workers.judging.python_source import parse
from workfleet.workers.testgen.public import public_functions


def names(source: str) -> list[str]:
    return [function.qualname for function in public_functions(parse(source))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def f(): return 1", ["f"]),
        ("async def f(): return 1", ["f"]),
        ("class A:\n  def m(self): return 1", ["A.m"]),
        ("class A:\n  class B:\n    def m(self): return 1", ["A.B.m"]),
        ("class A:\n  @staticmethod\n  def s(): return 1\n  @classmethod\n  def c(cls): return 1", ["A.s", "A.c"]),
        ("if x:\n  def f(): return 1\nelse:\n  def f(): return 2", ["f"]),
        ("try:\n  import a\nexcept ImportError:\n  def f(): return 1", ["f"]),
        ("__all__ = ['g', '_h']\ndef f(): return 1\ndef g(): return 1\ndef _h(): return 1", ["g", "_h"]),
        ("__all__: list[str] = ['A']\nclass A:\n  def m(self): return 1\n  def _p(self): return 1", ["A.m"]),
        ("__all__ = ['g']\n__all__ += more\ndef f(): return 1", ["f"]),
        ("__all__ = a.__all__\ndef f(): return 1", ["f"]),
    ],
    ids=[
        "function",
        "coroutine function",
        "method",
        "method of a nested class",
        "static and class method",
        "two versions of one function",
        "fallback of an import",
        "__all__ decides",
        "__all__ says nothing of methods",
        "__all__ that grows",
        "__all__ of another module",
    ],
)
def test_public_functions_are_found(source: str, expected: list[str]) -> None:
    assert names(source) == expected


@pytest.mark.parametrize(
    "source",
    [
        "def _f(): return 1",
        "class _A:\n  def m(self): return 1",
        "class A:\n  def __init__(self): self.x = 1",
        "def outer_(): ...\nx = lambda: 1",
        "@overload\ndef f(a: int) -> int: return a",
        "@typing.overload\ndef f(a: int) -> int: return a",
        "def f(): ...",
        "def f(): pass",
        'def f():\n  """Only words."""',
        'def f():\n  """Words."""\n  raise NotImplementedError("later")',
        "from .a import f",
        "",
    ],
    ids=[
        "private function",
        "private class",
        "dunder method",
        "no body, and a lambda",
        "overload",
        "overload by its module",
        "ellipsis",
        "pass",
        "only a docstring",
        "not implemented",
        "re-export",
        "empty module",
    ],
)
def test_what_is_private_or_does_nothing_is_left_out(source: str) -> None:
    assert names(source) == []


def test_a_property_is_one_function_with_its_setter() -> None:
    source = "class A:\n  @property\n  def x(self): return 1\n  @x.setter\n  def x(self, v): self.v = v\n"
    (found,) = public_functions(parse(source))
    assert (found.qualname, [node.lineno for node in found.nodes]) == ("A.x", [3, 5])
