"""The answer to a request: the same for the same request, settings and seed."""

import json
import math
import re
import zlib
from random import Random

from .. import tokens
from ..answer import Answer, Call, Choice, Finish
from ..ask import Ask, Operation
from ..distribution import distribution
from ..settings import Settings
from . import json_value, pytest_file
from .prose import passage


def compose(ask: Ask, settings: Settings) -> Answer:
    if ask.operation is Operation.EMBEDDING:
        vectors = tuple(_vector(ask, text, settings) for text in ask.inputs)
        return Answer(choices=(), prompt_tokens=ask.prompt_tokens, vectors=vectors)
    if ask.load_only:
        return Answer((Choice(finish=Finish.UNLOAD if ask.keep_alive == 0 else Finish.LOAD),), prompt_tokens=0)
    rng = _rng(ask.operation, ask.model, ask.prompt, str(ask.seed), settings=settings)
    choices = tuple(_choice(ask, settings, rng) for _ in range(ask.choices))
    reasoning = sum(tokens.count(choice.reasoning) for choice in choices)
    return Answer(choices, ask.prompt_tokens, reasoning + sum(map(_length, choices)), reasoning)


def _choice(ask: Ask, settings: Settings, rng: Random) -> Choice:
    reasoning = _reasoning(ask, settings, rng)
    room = None if ask.max_tokens is None else max(ask.max_tokens - tokens.count(reasoning), 0)
    if room == 0:
        return Choice(reasoning=tokens.cut(reasoning, ask.max_tokens or 0), finish=Finish.LENGTH)
    tool = _called(ask)
    if tool:
        return Choice(reasoning=reasoning, call=tool, finish=Finish.TOOL_CALLS)
    text = _before_stop(_text(ask, settings, rng), ask.stop)
    if room is not None and tokens.count(text) > room:
        return Choice(tokens.cut(text, room), reasoning, finish=Finish.LENGTH)
    return Choice(text, reasoning)


def _text(ask: Ask, settings: Settings, rng: Random) -> str:
    bad = rng.random() < settings.bad_output
    length = max(round(distribution(settings.answer_tokens).draw(rng)), 1)
    if ask.schema is not None and not bad:
        return json.dumps(json_value.example(ask.schema), ensure_ascii=False)
    if pytest_file.asked_for(ask.last) and not bad:
        return pytest_file.write(ask.last)
    return passage(rng, length)


def _reasoning(ask: Ask, settings: Settings, rng: Random) -> str:
    length = round(distribution(settings.reasoning_tokens).draw(rng))
    return passage(rng, length) if length > 0 and ask.think is not False else ""


def _called(ask: Ask) -> Call | None:
    """The forced tool; without one, a tool that the last message names. A tool's result is answered in prose."""
    if ask.last_role == "tool":
        return None
    tool = ask.forced or next((tool for tool in ask.tools if _names(ask.last, tool.name)), None)
    return Call(tool.name, json_value.example(tool.parameters) if tool.parameters else {}) if tool else None


def _names(text: str, name: str) -> bool:
    return name in text and re.search(rf"\b{re.escape(name)}\b", text) is not None


def _before_stop(text: str, stop: tuple[str, ...]) -> str:
    ends = [at for at in (text.find(sequence) for sequence in stop if sequence) if at >= 0]
    return text[: min(ends)] if ends else text


def _length(choice: Choice) -> int:
    if choice.call:
        return tokens.count(choice.call.name + json.dumps(choice.call.arguments))
    return tokens.count(choice.text)


def _vector(ask: Ask, text: str, settings: Settings) -> tuple[float, ...]:
    """A unit vector; equal texts have equal vectors."""
    rng = _rng(ask.operation, ask.model, text, settings=settings)
    raw = [rng.random() - 0.5 for _ in range(ask.dimensions or settings.embedding_dimensions)]
    norm = math.hypot(*raw) or 1.0
    return tuple(round(x / norm, 8) for x in raw)


def _rng(*words: str, settings: Settings) -> Random:
    key = "\0".join((str(settings.seed), *words))
    return Random(zlib.crc32(key.encode(errors="surrogatepass")))  # noqa: S311 - repeatable on purpose
