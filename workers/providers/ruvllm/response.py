"""An answer out of ruvLLM's words: a text without counts. Its clients expect it under several names."""

from typing import Any

from ....routing.failure import Failure, Fault
from ....tasks.answer import Answer, FinishReason
from ..dialect import Ask, Delta, Reply
from ..error_body import error_in
from ..estimates import estimated_usage
from ..faults import failure_in
from ..json_fields import first, mapping, mappings, parse, text


def decoded(ask: Ask, reply: Reply) -> Answer | Failure:
    body = mapping(parse(reply.body))
    error = error_in(body)
    if error is not None:
        return failure_in(error, reply)
    said = _said(body)
    if said is None:
        return Failure(Fault.SERVER, "the answer has no text", status=reply.status)
    return Answer(
        text=said,
        finish_reason=FinishReason.STOP,
        usage=estimated_usage(ask.row, ask.request, said),
        provider=ask.provider,
        model=text(body.get("model_used")) or ask.model,
    )


def _said(body: dict[str, Any]) -> str | None:
    message = mapping(first(mappings(body.get("choices"))).get("message"))
    found = (body.get("text"), body.get("content"), message.get("content"))
    return next((said for said in found if isinstance(said, str)), None)


class WholeAnswer:
    """For a server that answers in one piece although it is asked for a stream."""

    def __init__(self, ask: Ask, head: Reply) -> None:
        self._ask = ask
        self._head = head
        self._pieces: list[bytes] = []
        self.ended = False

    def feed(self, data: bytes) -> list[Delta]:
        self._pieces.append(data)
        return []

    def finish(self) -> Answer | Failure:
        body = b"".join(self._pieces)
        if parse(body) is None:
            return Failure(Fault.TRANSPORT, "the answer was cut, or is no JSON", status=self._head.status)
        return decoded(self._ask, Reply(self._head.status, self._head.headers, body, self._head.at))
