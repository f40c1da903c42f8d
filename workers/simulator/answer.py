"""What the simulated model says, free of any dialect's spelling."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Finish(StrEnum):
    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    LOAD = "load"  #: Ollama: nothing was asked, the model is in memory now
    UNLOAD = "unload"


class UsageForm(StrEnum):
    """How the token counts are told."""

    GIVEN = "given"
    MISSING = "missing"
    NULL_AFTER = "null_after"  #: a later chunk says `null`, which must not overwrite them
    CHANGING = "changing"  #: told early and again at the end, with other numbers


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; arguments as an object."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Choice:
    text: str = ""
    reasoning: str = ""
    call: Call | None = None
    refusal: str | None = None
    finish: Finish = Finish.STOP


@dataclass(frozen=True, slots=True)
class Answer:
    """completion_tokens: of all choices, reasoning included. vectors: one for each input of an embedding request."""

    choices: tuple[Choice, ...]
    prompt_tokens: int
    completion_tokens: int = 0
    reasoning_tokens: int = 0
    usage_form: UsageForm = UsageForm.GIVEN
    vectors: tuple[tuple[float, ...], ...] = ()

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens
