"""A dialect of a package that has defects: the call fails in words that name it, and nothing else happens."""

from collections.abc import Callable
from typing import Any, cast

import pytest
import structlog.testing

from workfleet.routing.failure import Failure, Fault
from workfleet.tasks.answer import Answer, Usage
from workfleet.tasks.request import Request
from workfleet.workers.providers.authoring import Ask, Call, Delta, Dialect, ListedModel, Reply, Row, SimpleDialect
from workfleet.workers.providers.guarded import Guarded

ASK = Ask(Row("x", tier="local"), "mine", "m", Request.from_prompt("Say it."), stream=True)
HEAD = Reply(200, {}, b"{}")
DEFECT = "X of x-files 9 has a defect"


class Broken:
    """Does whatever a test says, whichever method is called."""

    def __init__(self, does: Callable[..., Any]) -> None:
        self.does = does

    def __getattr__(self, name: str) -> Any:
        return self.does


def raises(*_: Any) -> Any:
    raise KeyError("choices")


def gives_nothing(*_: Any) -> Any:
    return None


def guarded(does: Callable[..., Any]) -> Guarded:
    return Guarded(cast("Dialect", Broken(does)), "X of x-files 9")


def written(guard: Guarded) -> Call | Failure:
    return guard.encode(ASK)


def listed(guard: Guarded) -> tuple[ListedModel, ...] | Failure:
    return guard.models(ASK.row, HEAD)


def whole(guard: Guarded) -> Answer | Failure:
    return guard.decode(ASK, HEAD)


def streamed(guard: Guarded) -> Answer | Failure:
    decoder = guard.decoder(ASK, HEAD)
    assert (decoder.feed(b"{}"), decoder.ended) == ([], True)
    return decoder.finish()


@pytest.mark.parametrize(
    ("call", "fault", "what"),
    [
        (written, Fault.BAD_REQUEST, "encode"),
        (whole, Fault.SERVER, "decode"),
        (streamed, Fault.SERVER, "decoder"),
        (listed, Fault.SERVER, "models"),
    ],
    ids=["writing a request", "reading an answer", "reading a stream", "reading a listing"],
)
@pytest.mark.parametrize(
    ("does", "why"), [(raises, "raised KeyError: 'choices'"), (gives_nothing, "gave NoneType")], ids=["raises", "None"]
)
def test_a_defect_is_a_failure_of_the_call(
    does: Callable[..., Any], why: str, call: Callable[[Guarded], Failure], fault: Fault, what: str
) -> None:
    if (what, does) == ("decoder", gives_nothing):
        what, why = "decoder.feed", "raised AttributeError: 'NoneType' object has no attribute 'feed'"
    failure = call(guarded(does))
    assert (failure.fault, failure.message) == (fault, f"{DEFECT}: {what} {why}")


def test_a_refusal_that_the_dialect_cannot_read_is_read_as_most_apis_mean_it() -> None:
    failure = guarded(raises).failure(Reply(429, {"retry-after": "3"}, b'{"error": {"message": "slow down"}}'))
    assert (failure.fault, failure.wait_s, failure.status) == (Fault.RATE_LIMITED, 3.0, 429)
    assert failure.message == f"slow down ({DEFECT}: failure raised KeyError: 'choices')"


def test_what_it_need_not_know_it_does_not_know() -> None:
    guard, model = guarded(raises), ListedModel("m", context_tokens=7)
    assert (guard.count(ASK), guard.counted(HEAD), guard.details(ASK.row, model)) == (None, None, None)
    assert guard.used(ASK, HEAD) is None
    assert guard.with_details(model, HEAD) is model


@pytest.mark.parametrize("given", [["m"], [ListedModel("m"), 7]])
def test_a_listing_of_what_are_no_models_is_none(given: list[Any]) -> None:
    failure = guarded(lambda *_: given).models(ASK.row, HEAD)
    assert isinstance(failure, Failure)
    assert failure.message.startswith(f"{DEFECT}: models gave ")


def test_each_defect_is_logged_once() -> None:
    guard = guarded(raises)
    with structlog.testing.capture_logs() as logs:
        whole(guard)
        whole(guard)
    assert logs == [
        {
            "event": "dialect.failed",
            "log_level": "error",
            "dialect": "X of x-files 9",
            "error": "decode raised KeyError: 'choices'",
        }
    ]


class Terse(SimpleDialect):
    """Says of an answer what it must."""

    def __init__(self, usage: Usage | None = None) -> None:
        self._usage = usage or Usage()

    def encode(self, ask: Ask) -> Call:
        return Call("POST", "/x")

    def decode(self, ask: Ask, reply: Reply) -> Answer:
        return Answer(text=reply.body.decode(), usage=self._usage)


def test_what_a_dialect_need_not_say_of_an_answer_is_filled_in() -> None:
    answer = Guarded(Terse(), "X").decode(ASK, Reply(200, {}, b"Blue as the sky is"))
    assert isinstance(answer, Answer)
    assert (answer.provider, answer.model, answer.usage.source) == ("mine", "m", "estimate")
    assert (answer.usage.output_tokens > 0, answer.usage.cost_usd, answer.usage.cost_source) == (True, 0.0, "local")


def test_an_answer_of_our_own_servers_costs_nothing_unless_it_has_a_receipt() -> None:
    free = Guarded(Terse(Usage(input_tokens=3)), "X").decode(ASK, HEAD)
    paid = Guarded(Terse(Usage(input_tokens=3, cost_usd=0.5, cost_source="receipt")), "X").decode(ASK, HEAD)
    assert isinstance(free, Answer)
    assert isinstance(paid, Answer)
    assert (free.usage.cost_usd, free.usage.cost_source) == (0.0, "local")
    assert (paid.usage.cost_usd, paid.usage.cost_source) == (0.5, "receipt")


def test_an_api_that_does_not_stream_is_read_when_it_is_whole() -> None:
    decoder = Guarded(Terse(), "X").decoder(ASK, HEAD)
    assert [decoder.feed(piece) for piece in (b"Bl", b"ue")] == [[], []]
    answer = decoder.finish()
    assert isinstance(answer, Answer)
    assert (answer.text, decoder.ended) == ("Blue", False)


def test_a_good_stream_passes_as_it_is() -> None:
    class Streams(Terse):
        def decoder(self, ask: Ask, head: Reply) -> Any:
            def does(data: bytes = b"") -> Any:
                return [Delta(text="B")] if data else Answer(text="B")

            return Broken(does)

    decoder = Guarded(Streams(), "X").decoder(ASK, HEAD)
    assert decoder.feed(b"x") == [Delta(text="B")]
    answer = decoder.finish()
    assert isinstance(answer, Answer)
    assert answer.text == "B"
