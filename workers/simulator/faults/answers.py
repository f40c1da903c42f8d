"""F6, F10, F11, F14 and F21: a reply that looks like an answer and is none, or says something odd about itself."""

import json
from collections.abc import Callable
from dataclasses import replace

from .. import tokens
from ..answer import Answer, Choice, Finish, UsageForm
from ..ask import ANSWERS, Ask
from ..problem import Kind, Problem
from .fault import ANTHROPIC, GEMINI, JSON, OLLAMA, OPENAI, Alter, Fault, Respond, streamed


def _each(change: Callable[[Choice], Choice]) -> Alter:
    return Alter(lambda answer, _: replace(answer, choices=tuple(change(choice) for choice in answer.choices)))


def _emptied(choice: Choice) -> Choice:
    return replace(choice, text="", call=None, finish=Finish.STOP)


def _filtered(choice: Choice) -> Choice:
    return Choice(tokens.cut(choice.text, tokens.count(choice.text) // 2), finish=Finish.CONTENT_FILTER)


def _refused(_: Choice) -> Choice:
    return Choice(refusal="I'm sorry, I can't assist with that request.")


def _text(change: Callable[[str], str]) -> Alter:
    return _each(lambda choice: replace(choice, text=change(choice.text)))


def _wrong_shape(_: str) -> str:
    return json.dumps(["not", {"what": "was asked"}])


def _usage(form: UsageForm) -> Alter:
    return Alter(lambda answer, _: replace(answer, usage_form=form))


def _more_reasoning_than_answer(answer: Answer, _: float) -> Answer:
    return replace(answer, reasoning_tokens=answer.completion_tokens + 1)


def _truncated(answer: Answer, _: float) -> Answer:
    """Ollama shifts the context by half, and keeps a few tokens of the start."""
    return replace(answer, prompt_tokens=min(answer.prompt_tokens, answer.prompt_tokens // 2 + 3))


def _odd(kind: Kind) -> Respond:
    return Respond(lambda _amount, _ask: Problem(kind))


def _asks_json(ask: Ask) -> bool:
    return ask.schema is not None


def _whole(ask: Ask) -> bool:
    return not ask.stream


def _of_json(name: str, summary: str, change: Callable[[str], str]) -> Fault:
    return Fault(name, "F21", summary, _text(change), hits=ANSWERS, dialects=JSON, applies=_asks_json)


FAULTS = (
    Fault(
        "error-in-200", "F6", "status 200 with an error as body", _odd(Kind.ERROR_IN_200), hits=ANSWERS, dialects=JSON
    ),
    Fault(
        "choices-null",
        "F6",
        "`choices` is null, Gemini: no `candidates`",
        _odd(Kind.CHOICES_NULL),
        hits=ANSWERS,
        dialects=OPENAI | GEMINI,
        applies=_whole,
    ),
    Fault(
        "choices-empty",
        "F6",
        "`choices` is [], Gemini: `candidates`",
        _odd(Kind.CHOICES_EMPTY),
        hits=ANSWERS,
        dialects=OPENAI | GEMINI,
        applies=_whole,
    ),
    Fault("content-empty", "F6", "an answer without a word, Gemini: without `parts`", _each(_emptied), hits=ANSWERS),
    Fault(
        "truncated-input",
        "F10",
        "half of the prompt is dropped; only prompt_eval_count shows it",
        Alter(_truncated),
        hits=ANSWERS,
        dialects=OLLAMA,
    ),
    Fault(
        "answer-filtered",
        "F11",
        "the content filter ends the answer halfway",
        _each(_filtered),
        hits=ANSWERS,
        dialects=OPENAI | GEMINI,
    ),
    Fault(
        "refusal",
        "F11",
        "the model refuses, in `message.refusal`; Anthropic: `stop_reason`",
        _each(_refused),
        hits=ANSWERS,
        dialects=OPENAI | ANTHROPIC,
    ),
    Fault("usage-missing", "F14", "no token counts", _usage(UsageForm.MISSING), dialects=JSON),
    Fault(
        "usage-null-after",
        "F14",
        "a chunk after the usage says it is null",
        _usage(UsageForm.NULL_AFTER),
        hits=ANSWERS,
        dialects=OPENAI,
        applies=streamed,
    ),
    Fault(
        "usage-changing",
        "F14",
        "token counts come early and change at the end",
        _usage(UsageForm.CHANGING),
        hits=ANSWERS,
        dialects=OPENAI | ANTHROPIC | GEMINI,
        applies=streamed,
    ),
    Fault(
        "reasoning-exceeds",
        "F14",
        "more reasoning tokens than completion tokens",
        Alter(_more_reasoning_than_answer),
        hits=ANSWERS,
        dialects=OPENAI,
    ),
    _of_json("json-fenced", "the JSON is in a code fence", lambda text: f"```json\n{text}\n```"),
    _of_json(
        "json-in-prose",
        "prose before and after the JSON",
        lambda text: f"Sure! Here it is:\n\n{text}\n\nAnything else?",
    ),
    _of_json("json-truncated", "the JSON ends halfway", lambda text: text[: max(len(text) // 2, 1)]),
    _of_json("json-wrong-shape", "JSON of another schema", _wrong_shape),
)
