"""What a model is asked: one pytest file for one function."""

import re
from typing import Final

from ...tasks.request import Message, Request
from .subject import Subject

#: Tokens of an answer, unless the caller says otherwise: a test file of about 200 lines.
MAX_TOKENS: Final = 2048

#: Low, because a test is right or wrong, yet not 0: a second attempt should be able to differ from the first.
TEMPERATURE: Final = 0.2

_SYSTEM: Final = """\
You write pytest tests for one Python function at a time. You answer with one complete test file in a single ```python \
code block, and with nothing else."""

_RULES: Final = """\
Write the test file for it.
- Import what you test with: from {module} import {name}
- Test the behaviour that the code and its docstring show: ordinary input, limits, empty input, and every error \
that it raises on purpose. Do not test what you would have to guess.
- One behaviour a test, named as a sentence: test_<what_is_expected>. Use pytest.mark.parametrize for tables of cases.
- No network, no sleeping, no files except under tmp_path. Replace only what reaches outside the function.
- Use pytest and the standard library, and nothing that is not imported in the file.{coroutine}"""

_COROUTINE: Final = "\n- It is a coroutine function: run it with asyncio.run inside ordinary test functions."


def messages(subject: Subject) -> tuple[Message, ...]:
    """The system's and the user's message for a subject."""
    parts = [
        f"Module: {subject.module}\nFunction: {subject.qualname}",
        _fenced(subject.source),
        *(["What it rests on:\n\n" + _fenced(subject.context)] if subject.context else []),
        _RULES.format(
            module=subject.module,
            name=subject.imported_name,
            coroutine=_COROUTINE if "async def " in subject.source else "",
        ),
    ]
    return (Message(role="system", content=_SYSTEM), Message(role="user", content="\n\n".join(parts)))


def request(subject: Subject, *, max_tokens: int = MAX_TOKENS) -> Request:
    """The request for a subject's tests."""
    return Request(messages=messages(subject), max_tokens=max_tokens, temperature=TEMPERATURE)


def _fenced(code: str) -> str:
    """A code block whose fence is longer than any that the code holds."""
    longest = max((len(ticks) for ticks in re.findall(r"`{3,}", code)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}python\n{code.rstrip()}\n{fence}"
