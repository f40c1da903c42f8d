import ast

import pytest

from workfleet.workers.simulator.content.pytest_file import asked_for, write

PROMPT = """Module: {module}
Function: {function}

```python
{source}
```

Write the pytest file for it.
"""


def answered(source: str, function: str = "f", module: str = "shop.prices") -> str:
    """The code of the answer, which parses."""
    text = write(PROMPT.format(module=module, function=function, source=source))
    code = text.split("```python\n")[1].split("```")[0]
    ast.parse(code)
    return code


def asserted(code: str) -> list[str]:
    return [line.strip().removeprefix("assert ") for line in code.splitlines() if "assert" in line]


def test_a_function_is_imported_and_its_parameters_and_defaults_are_tested() -> None:
    code = answered("def f(a, /, b, *rest, c=3, d=None, e=True, **more): ...")
    assert code.startswith("import inspect\n\nfrom shop.prices import f\n")
    assert asserted(code) == [
        "callable(f)",
        'list(inspect.signature(f).parameters) == ["a", "b", "rest", "c", "d", "e", "more"]',
        'parameters["c"].default == 3',
        'parameters["d"].default is None',
        'parameters["e"].default is True',
    ]


@pytest.mark.parametrize(
    ("source", "function", "expected"),
    [
        pytest.param(
            "class Cart:\n    def add(self, item): ...",
            "Cart.add",
            ["callable(Cart.add)", 'list(inspect.signature(Cart.add).parameters) == ["self", "item"]'],
            id="a method",
        ),
        pytest.param(
            "class Cart:\n    @classmethod\n    def of(cls, *items): ...",
            "Cart.of",
            ["callable(Cart.of)", 'list(inspect.signature(Cart.of).parameters) == ["items"]'],
            id="a class method's first parameter is bound",
        ),
        pytest.param(
            "class Cart:\n    @property\n    def total(self): ...",
            "Cart.total",
            ['hasattr(Cart, "total")'],
            id="a property is there",
        ),
        pytest.param(
            "@retried(3)\ndef f(a): ...",
            "f",
            ["callable(f)"],
            id="what a decorator made may have other parameters",
        ),
        pytest.param(
            "@functools.lru_cache(maxsize=None)\ndef f(a): ...",
            "f",
            ["callable(f)", 'list(inspect.signature(f).parameters) == ["a"]'],
            id="a cached function has its own",
        ),
        pytest.param(
            "def f(a): ...\n\ndef f(a, b): ...",
            "f",
            ["callable(f)", 'list(inspect.signature(f).parameters) == ["a", "b"]'],
            id="overloads come before the function",
        ),
        pytest.param("class Safe:\n    def f(self, __a): ...", "Safe.f", ["callable(Safe.f)"], id="mangled names"),
        pytest.param("def f(:", "f", ["callable(f)"], id="source that does not parse"),
        pytest.param("x = 1", "f", ["callable(f)"], id="source without the function"),
    ],
)
def test_only_what_is_surely_true_is_tested(source: str, function: str, expected: list[str]) -> None:
    assert asserted(answered(source, function)) == expected


def test_a_longer_fence_may_hold_a_shorter_one() -> None:
    source = 'def f(a):\n    """\n    ```python\n    x\n    ```\n    """'
    text = write(f"Module: shop\nFunction: f\n\n````python\n{source}\n````\n\npytest")
    assert '== ["a"]' in text


def test_without_a_function_the_module_is_imported() -> None:
    assert asserted(write("Write pytest tests.\nModule: shop.prices").split("```")[1]) == [
        'importlib.import_module("shop.prices").__name__ == "shop.prices"'
    ]


def test_without_a_module_the_source_is_tested() -> None:
    code = (
        write("pytest, please:\n```python\ndef half(x):\n    return x / 2\n```").split("```python\n")[1].split("```")[0]
    )
    scope: dict[str, object] = {}
    exec(code, scope)
    assert callable(scope["test_half_is_defined"])
    scope["test_half_is_defined"]()


def test_without_anything_there_is_still_a_test() -> None:
    assert "def test_" in write("Write a pytest test for addition.")


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Write pytest tests", True),
        ("Test this:\n```python\nx = 1\n```\nwith tests", True),
        ("Review this:\n```python\nx = 1\n```", False),
        ("What is a test?", False),
    ],
)
def test_a_prompt_asks_for_tests_if_it_says_so(prompt: str, expected: bool) -> None:
    assert asked_for(prompt) is expected
