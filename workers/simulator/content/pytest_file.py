"""A pytest file for a Python function, written from the prompt that asks for it.

The tests say only what the prompt shows to be true: that the function can be imported and called, its parameters and
their defaults. So the file parses and passes.
"""

import ast
import re
import textwrap
from dataclasses import dataclass

_BLOCK = re.compile(r"^(`{3,})(?:python|py)\s*\n(.*?)^\1", re.DOTALL | re.MULTILINE)
_MODULE = re.compile(r"^\W*Module\W+([A-Za-z_][\w.]*\w)", re.MULTILINE)
_FUNCTION = re.compile(r"^\W*Function\W+([A-Za-z_][\w.]*)", re.MULTILINE)

#: Decorators through which `inspect.signature` still sees the function's own parameters.
_TRANSPARENT = frozenset({"cache", "lru_cache", "contextmanager", "asynccontextmanager", "staticmethod", "classmethod"})

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class _Subject:
    """What the tests are of. module: None if the prompt names none. path: `band_of` or `Quota.left`."""

    module: str | None
    path: str | None
    node: _Function | None

    @property
    def slug(self) -> str:
        return re.sub(r"\W+", "_", self.path or self.module or "it").strip("_").lower()


def asked_for(prompt: str) -> bool:
    """Whether the prompt asks for tests of Python code."""
    return "pytest" in prompt or ("```python" in prompt and "test" in prompt)


def write(prompt: str) -> str:
    """Markdown with one block of Python, as a model answers."""
    subject = _subject(prompt)
    return f"Here are tests for `{subject.path or subject.module or 'it'}`:\n\n```python\n{_file(subject)}```\n"


def _file(subject: _Subject) -> str:
    if subject.module and subject.path:
        return _tests_of_function(subject, subject.module, subject.path)
    if subject.module:
        return (
            f"import importlib\n\n\ndef test_{subject.slug}_can_be_imported():\n"
            f'    assert importlib.import_module("{subject.module}").__name__ == "{subject.module}"\n'
        )
    if subject.node:
        return _tests_of_source(subject.node)
    return "def test_the_sum_does_not_depend_on_the_order():\n    assert 2 + 3 == 3 + 2\n"


def _tests_of_function(subject: _Subject, module: str, path: str) -> str:
    root, *names = path.split(".")
    node = subject.node
    plain = node is None or _transparent(node)
    if names and not plain:  # a property, or something else that a decorator made
        owner = ".".join([root, *names[:-1]])
        tests = [f'def test_{subject.slug}_is_there():\n    assert hasattr({owner}, "{names[-1]}")\n']
    else:
        tests = [f"def test_{subject.slug}_is_callable():\n    assert callable({path})\n"]
    if node and plain and root != "inspect" and not any(name.startswith("__") for name in _parameters(node)):
        tests.append(_parameter_test(subject.slug, path, node))
        tests += _default_tests(subject.slug, path, node)
    imports = "import inspect\n\n" if len(tests) > 1 else ""
    return f"{imports}from {module} import {root}\n\n\n" + "\n\n".join(tests)


def _parameter_test(slug: str, path: str, node: _Function) -> str:
    names = ", ".join(f'"{name}"' for name in _parameters(node))
    return (
        f"def test_{slug}_takes_its_parameters():\n    assert list(inspect.signature({path}).parameters) == [{names}]\n"
    )


def _default_tests(slug: str, path: str, node: _Function) -> list[str]:
    lines = [f'    assert parameters["{name}"].default {_equals(value)}\n' for name, value in _defaults(node)]
    if not lines:
        return []
    head = f"def test_{slug}_has_its_defaults():\n    parameters = inspect.signature({path}).parameters\n"
    return [head + "".join(lines)]


def _equals(value: object) -> str:
    return f"is {value!r}" if value is None or isinstance(value, bool) else f"== {value!r}"


def _tests_of_source(node: _Function) -> str:
    return (
        f"import ast\n\nSOURCE = {ast.unparse(node)!r}\n\n\n"
        f"def test_{node.name.strip('_').lower()}_is_defined():\n"
        f'    assert ast.parse(SOURCE).body[0].name == "{node.name}"\n'
    )


def _subject(prompt: str) -> _Subject:
    module, function = _MODULE.search(prompt), _FUNCTION.search(prompt)
    path = function[1] if function else None
    node = _find(prompt, path.rsplit(".", 1)[-1] if path else None)
    if path is None and node and module:
        path = node.name
    return _Subject(module[1] if module else None, path, node)


def _find(prompt: str, name: str | None) -> _Function | None:
    """The function of that name in the prompt's Python blocks, else none; without a name the first public one."""
    for _, block in _BLOCK.findall(prompt):
        try:
            tree = ast.parse(textwrap.dedent(block))
        except SyntaxError:
            continue
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        # The last one of a name counts: overloads come before the function itself.
        found = [node for node in functions if (node.name == name if name else not node.name.startswith("_"))]
        if found:
            return found[-1] if name else found[0]
    return None


def _transparent(node: _Function) -> bool:
    return all(_decorator(decorator) in _TRANSPARENT for decorator in node.decorator_list)


def _decorator(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _parameters(node: _Function) -> list[str]:
    """The names in the order of `inspect.signature`; a class method's first is bound."""
    a = node.args
    positional = [*a.posonlyargs, *a.args]
    if any(_decorator(decorator) == "classmethod" for decorator in node.decorator_list):
        positional = positional[1:]
    ordered = [*positional, *filter(None, [a.vararg]), *a.kwonlyargs, *filter(None, [a.kwarg])]
    return [arg.arg for arg in ordered]


def _defaults(node: _Function) -> list[tuple[str, object]]:
    """Parameters whose default is written as a literal that equals itself."""
    a = node.args
    positional = [*a.posonlyargs, *a.args]
    pairs = list(zip(positional[len(positional) - len(a.defaults) :], a.defaults, strict=True))
    pairs += [(arg, default) for arg, default in zip(a.kwonlyargs, a.kw_defaults, strict=True) if default]
    found: list[tuple[str, object]] = []
    for arg, default in pairs:
        if isinstance(default, ast.Constant) and isinstance(default.value, str | int | float | bool | None):
            found.append((arg.arg, default.value))
    return found
