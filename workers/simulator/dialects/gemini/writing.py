"""Whole answers of the Gemini API."""

from collections.abc import Iterator

from ...answer import Answer, Choice, Finish, UsageForm
from ...ask import Ask
from ...exchange import Exchange
from ...narrowing import Json

_REASONS = {
    Finish.STOP: "STOP",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.TOOL_CALLS: "STOP",
    Finish.CONTENT_FILTER: "SAFETY",
}

_CATEGORIES = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")


def response(ask: Ask, answer: Answer, exchange: Exchange) -> Json:
    candidates = [
        candidate(index, list(parts(ask, choice)), reason(choice), choice.finish is Finish.CONTENT_FILTER)
        for index, choice in enumerate(answer.choices)
    ]
    return chunk(ask, exchange, candidates, usage(answer, answer.completion_tokens - answer.reasoning_tokens))


def chunk(ask: Ask, exchange: Exchange, candidates: list[Json], counts: Json | None) -> Json:
    told = {} if counts is None else {"usageMetadata": counts}
    return {"candidates": candidates, **told, "modelVersion": ask.model, "responseId": exchange.id}


def candidate(index: int, parts: list[Json], finish: str | None, blocked: bool = False) -> Json:
    """Content that says nothing has no `parts`."""
    content: Json = {"parts": parts, "role": "model"} if parts else {"role": "model"}
    body: Json = {"content": content, "index": index}
    if finish:
        body["finishReason"] = finish
    return body | {"safetyRatings": ratings(blocked=True)} if blocked else body


def parts(ask: Ask, choice: Choice) -> Iterator[Json]:
    if choice.reasoning and ask.reasoning_shown:
        yield {"text": choice.reasoning, "thought": True}
    if text := choice.text or choice.refusal:
        yield {"text": text}
    if choice.call:
        yield {"functionCall": {"name": choice.call.name, "args": choice.call.arguments}}


def reason(choice: Choice) -> str:
    return _REASONS[choice.finish]


def ratings(*, blocked: bool) -> list[Json]:
    """The first category is what is blocked."""
    return [
        {
            "category": f"HARM_CATEGORY_{category}",
            "probability": "HIGH" if blocked and number == 0 else "NEGLIGIBLE",
            "blocked": blocked and number == 0,
        }
        for number, category in enumerate(_CATEGORIES)
    ]


def usage(answer: Answer, said: int, *, early: bool = False) -> Json | None:
    """said: tokens of the answer so far, without its thoughts. early: before the last chunk of a stream."""
    if answer.usage_form is UsageForm.MISSING:
        return None
    prompt = answer.prompt_tokens + (2 if early and answer.usage_form is UsageForm.CHANGING else 0)
    thoughts = answer.reasoning_tokens
    counts: Json = {"promptTokenCount": prompt}
    if said:
        counts["candidatesTokenCount"] = said
    counts |= {
        "totalTokenCount": prompt + said + thoughts,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    }
    return counts | {"thoughtsTokenCount": thoughts} if thoughts else counts


def embeddings(answer: Answer, exchange: Exchange) -> Json:
    """No token counts come with them."""
    values = [{"values": vector} for vector in answer.vectors]
    return {"embeddings": values} if ":batch" in exchange.path else {"embedding": values[0]}
