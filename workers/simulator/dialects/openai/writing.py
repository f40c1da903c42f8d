"""Whole answers of the OpenAI API."""

import json
import struct
from base64 import b64encode

from ...answer import Answer, Call, Choice, UsageForm
from ...ask import Ask, Operation
from ...exchange import Exchange
from ...narrowing import Json
from ...script import Script, whole
from ...timing import Timing
from ..dialect import encode
from .flavours.flavour import Flavour


def write(ask: Ask, answer: Answer, timing: Timing, exchange: Exchange, flavour: Flavour) -> Script:
    if ask.operation is Operation.EMBEDDING:
        body, due_s = _embeddings(ask, answer), timing.total_s(0)
    else:
        body, due_s = _completion(ask, answer, timing, exchange, flavour), timing.total_s(answer.completion_tokens)
    return whole(200, encode(body).encode(), flavour.headers(exchange), due_s)


def _completion(ask: Ask, answer: Answer, timing: Timing, exchange: Exchange, flavour: Flavour) -> Json:
    chat = ask.operation is Operation.CHAT
    body: Json = {
        "id": flavour.id(exchange),
        "object": "chat.completion" if chat else "text_completion",
        "created": int(exchange.at),
        "model": ask.model,
        "choices": [
            {
                "index": index,
                **({"message": message(choice, exchange, flavour)} if chat else {"text": choice.text}),
                **flavour.choice_extras(choice),
                "finish_reason": flavour.finish(choice),
            }
            for index, choice in enumerate(answer.choices)
        ],
        **flavour.body_extras(answer, timing, exchange),
        **flavour.whole_extras(),
    }
    if answer.usage_form is not UsageForm.MISSING:
        body["usage"] = flavour.usage(answer, timing, exchange)
    return body


def message(choice: Choice, exchange: Exchange, flavour: Flavour) -> Json:
    refused = choice.refusal is not None or choice.call is not None
    body: Json = {
        "role": "assistant",
        "content": None if refused and not choice.text else choice.text,
        **flavour.message_extras(choice),
    }
    if choice.refusal is not None:
        body["refusal"] = choice.refusal
    if choice.reasoning and flavour.reasoning_shown:
        body |= flavour.reasoned(choice)
    if choice.call:
        body["tool_calls"] = [tool_call(choice.call, exchange)]
    return body


def tool_call(call: Call, exchange: Exchange) -> Json:
    function = {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}
    return {"id": f"call_{exchange.id}", "type": "function", "function": function}


def _embeddings(ask: Ask, answer: Answer) -> Json:
    data = [
        {"object": "embedding", "index": index, "embedding": _base64(vector) if ask.base64 else vector}
        for index, vector in enumerate(answer.vectors)
    ]
    usage = {"prompt_tokens": answer.prompt_tokens, "total_tokens": answer.prompt_tokens}
    told = {} if answer.usage_form is UsageForm.MISSING else {"usage": usage}
    return {"object": "list", "data": data, "model": ask.model, **told}


def _base64(vector: tuple[float, ...]) -> str:
    return b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
