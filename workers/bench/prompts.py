"""Prompts as real ones are: tests are asked for, of functions of Python's standard library."""

import ast
import inspect
import json
import textwrap
from collections.abc import Iterator
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from types import ModuleType
from typing import Final

#: Bytes of a prompt, least and most.
SIZES: Final = (600, 1000)

_SYSTEM: Final = "You write pytest tests for Python functions. Answer with one Python file and nothing else."
_ASK: Final = "Write tests for this function. Cover its edge cases, and say in each test's name what it shows."


def prompts(count: int) -> Iterator[str]:
    """So many prompts; after a few dozen they begin again."""
    return islice(cycle(_prompts()), count)


def write_batch_file(path: Path, count: int) -> None:
    """A file of so many lines in OpenAI's batch format, which leave the model to the fleet."""
    with path.open("w", encoding="utf-8") as file:
        for number, prompt in enumerate(prompts(count)):
            body = {"messages": messages(prompt), "max_tokens": 512, "temperature": 0.2}
            line = {"custom_id": f"request-{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
            file.write(json.dumps(line) + "\n")


def messages(prompt: str) -> list[dict[str, str]]:
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": prompt}]


@cache
def _prompts() -> tuple[str, ...]:
    asked = (f"{_ASK}\n\n```python\n{source}\n```\n" for source in _functions(ast, inspect, json, textwrap))
    return tuple(prompt for prompt in asked if SIZES[0] <= len(prompt.encode()) <= SIZES[1])


def _functions(*modules: ModuleType) -> Iterator[str]:
    """The source of every function of the modules."""
    for module in modules:
        lines = inspect.getsource(module).splitlines(keepends=True)
        for node in ast.walk(ast.parse("".join(lines))):
            if isinstance(node, ast.FunctionDef):
                yield textwrap.dedent("".join(lines[node.lineno - 1 : node.end_lineno])).rstrip()
