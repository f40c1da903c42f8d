"""Code and data as models hand them over: in fences, between sentences, or bare."""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue
from pydantic_core import from_json

from .python_source import NotPython, collected_tests, parse

_PYTHON: Final = frozenset({"", "python", "python3", "py", "pytest"})
_JSON: Final = frozenset({"", "json", "jsonc", "json5"})
_OPENING: Final = re.compile(r"^\s*(?P<fence>`{3,}|~{3,})\s*(?P<language>[\w+#.-]*)[^`]*$")
_CODE_START: Final = re.compile(r"(import|def|class|async def) \w|from [\w.]+ import |@\w|#|\"\"\"")
_THINKING: Final = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)

#: Fences that may end one block: how many are tried before giving up.
_TRIES: Final = 16


class NothingFound(ValueError):
    """The answer holds nothing of the kind; the message says why."""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ends: what it holds up to each fence that may close it; code may itself hold fences."""

    language: str
    ends: tuple[str, ...]


def blocks(text: str) -> list[Block]:
    """The fenced blocks of an answer, in order; one that was cut off reaches to the end."""
    lines = text.splitlines()
    found: list[Block] = []
    at = 0
    while at < len(lines):
        opening = _OPENING.match(lines[at])
        if opening is None:
            at += 1
            continue
        fence = opening["fence"]
        closings = [i for i in range(at + 1, len(lines)) if _closes(lines[i], fence)] or [len(lines)]
        ends = tuple("\n".join(lines[at + 1 : end]) + "\n" for end in closings[:_TRIES])
        found.append(Block(opening["language"].lower(), ends))
        at = closings[0] + 1
    return found


def python_in(text: str, wanted: Callable[[ast.Module], bool] = lambda _: True) -> str:
    """The longest piece of Python in an answer that parses and is as `wanted`.

    Raises NothingFound if there is none, naming the first fault that the parser saw.
    """
    faults: list[str] = []
    pieces = [piece for piece in _python_pieces(_THINKING.sub("", text), faults) if wanted(parse(piece))]
    if not pieces:
        raise NothingFound(faults[0] if faults else "there is no Python in the answer")
    return max(pieces, key=len)


def python_tests_in(text: str) -> str:
    """The longest piece of Python in an answer that holds a test. Raises NothingFound."""
    try:
        return python_in(text, lambda tree: bool(collected_tests(tree)))
    except NothingFound:
        python_in(text)
        raise NothingFound("the Python holds no test") from None


def json_in(text: str) -> JsonValue:
    """The JSON value of an answer that is one, or has one in a fence. Raises NothingFound."""
    text = _THINKING.sub("", text)
    faults: list[str] = []
    for candidates in ((text,), *(block.ends for block in blocks(text) if block.language in _JSON)):
        for candidate in candidates:
            try:
                value: JsonValue = from_json(candidate, allow_inf_nan=False)
            except ValueError as invalid:
                faults.append(f"not JSON: {invalid}")
            else:
                return value
    raise NothingFound(faults[-1])


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    return len(mark) >= len(fence) and not mark.strip(fence[0])


def _python_pieces(text: str, faults: list[str]) -> Iterator[str]:
    fenced = [block for block in blocks(text) if block.language in _PYTHON]
    for block in fenced:
        yield from _first_that_parses(block.ends, faults)
    if not fenced:
        yield from _bare_python(text, faults)


def _first_that_parses(candidates: tuple[str, ...], faults: list[str]) -> Iterator[str]:
    for candidate in candidates:
        try:
            tree = parse(_dedented(candidate))
        except NotPython as fault:
            faults.append(f"not Python: {fault}")
            continue
        if _does_something(tree):
            yield _dedented(candidate)
        return


def _bare_python(text: str, faults: list[str]) -> Iterator[str]:
    """Code without fences: all of it, or from the first line that starts like code to where sentences begin."""
    lines = text.splitlines()
    whole = list(_first_that_parses((text,), []))
    start = next((i for i, line in enumerate(lines) if _CODE_START.match(line)), None)
    if whole or start is None:
        yield from whole
        return
    code = lines[start:]
    try:
        parse("\n".join(code))
    except NotPython as fault:
        faults.append(f"not Python: {fault}")
        end = (fault.line or 1) - 1
        if any(_CODE_START.match(line) for line in code[end:]):
            return
        code = code[:end]
    yield from _first_that_parses(("\n".join(code).rstrip() + "\n",), faults)


def _dedented(code: str) -> str:
    """A block in a list item is indented as a whole; lines within strings may be less so."""
    first = next((line for line in code.splitlines() if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return "".join(line.removeprefix(indent) for line in code.splitlines(keepends=True)) if indent else code


def _does_something(tree: ast.Module) -> bool:
    """Whether it is more than words that happen to parse, as `yes` does."""
    return any(not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call | ast.Await) for node in tree.body)
