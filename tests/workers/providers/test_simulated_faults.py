"""Every fault of the simulator's catalogue (C.17), met by the sender: what it makes of it, in both dialects."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from workfleet.routing.failure import Fault
from workfleet.tasks.request import Request
from workfleet.workers.providers.dialect import ListedModel
from workfleet.workers.providers.endpoint import AttemptFailed, Endpoint, Timeouts
from workfleet.workers.providers.sender import Sender
from workfleet.workers.simulator import Settings, Simulator
from workfleet.workers.simulator.faults.catalogue import CATALOGUE

LIMITS = Timeouts(connect_s=0.3, first_token_s=0.3, idle_s=0.3, total_s=10)
SETTINGS = Settings(answer_tokens=30)
ANSWER = None


@dataclass(frozen=True)
class Outcome:
    """The fault of a whole answer and of a stream; None is an answer, after corrections if need be.

    ollama: of Ollama's dialect, where it is another.
    """

    whole: Fault | None
    stream: Fault | None
    ollama: "Outcome | None" = None


def always(fault: Fault | None, ollama: Outcome | None = None) -> Outcome:
    return Outcome(fault, fault, ollama)


FINE = always(ANSWER)
FIRST_TOKEN = always(Fault.TIMEOUT_FIRST_TOKEN)

OUTCOMES: Mapping[str, Outcome] = {
    "refuse": always(Fault.TRANSPORT),
    "connect-hang": always(Fault.TIMEOUT_CONNECT),
    "reset": always(Fault.TRANSPORT),
    "hang": FIRST_TOKEN,
    "stall-headers": Outcome(Fault.TIMEOUT_IDLE, Fault.TIMEOUT_FIRST_TOKEN),
    "stall-midway": Outcome(ANSWER, Fault.TIMEOUT_IDLE),
    "comments-only": Outcome(ANSWER, Fault.TIMEOUT_FIRST_TOKEN),
    "cut-mid-line": always(Fault.TRANSPORT),
    "cut-mid-character": always(Fault.TRANSPORT),
    "cut-mid-event": Outcome(ANSWER, Fault.TRANSPORT),
    "no-terminator": Outcome(ANSWER, Fault.TRANSPORT),
    "error-midway": Outcome(ANSWER, Fault.SERVER),
    "blank-lines-first": FINE,
    "crlf": FINE,
    "several-data-lines": FINE,
    "bom": FINE,
    "no-space": FINE,
    "comments": FINE,
    "event-only": FINE,
    "pieces": FINE,
    "error-in-200": always(Fault.SERVER),
    "choices-null": Outcome(Fault.SERVER, ANSWER),
    "choices-empty": Outcome(Fault.SERVER, ANSWER),
    "content-empty": FINE,
    "truncated-input": FINE,  # a prompt as short as here is not noticed; see below
    "answer-filtered": FINE,
    "refusal": FINE,
    "usage-missing": FINE,
    "usage-null-after": FINE,
    "usage-changing": FINE,
    "reasoning-exceeds": FINE,
    "json-fenced": FINE,
    "json-in-prose": FINE,
    "json-truncated": FINE,
    "json-wrong-shape": FINE,
    "rate-limited": always(Fault.RATE_LIMITED),
    "rate-limited-seconds": always(Fault.RATE_LIMITED),
    "rate-limited-date": always(Fault.RATE_LIMITED),
    "rate-limited-ms": always(Fault.RATE_LIMITED),
    "rate-limited-text": always(Fault.RATE_LIMITED),
    "rate-limited-silent": always(Fault.RATE_LIMITED),
    "daily-quota": always(Fault.QUOTA_EXHAUSTED),
    "no-credit": always(Fault.QUOTA_EXHAUSTED),
    "unauthorized": always(Fault.AUTH),
    "payment-required": always(Fault.QUOTA_EXHAUSTED),
    "forbidden": always(Fault.AUTH),
    "model-not-found": always(Fault.MODEL_NOT_FOUND),
    "model-retired": always(Fault.MODEL_NOT_FOUND),
    "context-overflow": always(Fault.CONTEXT_OVERFLOW),
    "too-large": always(Fault.CONTEXT_OVERFLOW),
    "prompt-filtered": always(Fault.CONTENT_FILTERED),
    # The real Ollama refuses neither, so there is nothing to correct.
    "rejects-temperature": always(ANSWER, ollama=always(Fault.BAD_REQUEST)),
    "rejects-max-tokens": FINE,
    "rejects-system": always(ANSWER, ollama=always(Fault.BAD_REQUEST)),
    "http-500": always(Fault.SERVER),
    "http-502": always(Fault.SERVER),
    "http-503": always(Fault.OVERLOADED),
    "http-504": always(Fault.SERVER),
    "http-529": always(Fault.OVERLOADED),
    "http-498": always(Fault.OVERLOADED),
    "http-524": always(Fault.SERVER),
    "html-520": always(Fault.SERVER),
    "empty-502": always(Fault.SERVER),
    "brown-out:rate=1": always(Fault.SERVER),
    "flapping": always(Fault.OVERLOADED),
    "outage": always(Fault.OVERLOADED),
    "slow-first-token": FIRST_TOKEN,
    "slow-tokens": Outcome(Fault.TIMEOUT_FIRST_TOKEN, ANSWER),
    "model-load": FIRST_TOKEN,
}
#: Met by `models` and `pull`, below.
OF_LISTINGS = {name for name in CATALOGUE if name.startswith(("listing-", "pull-"))}


def test_every_fault_of_the_catalogue_has_an_outcome() -> None:
    assert {spec.partition(":")[0] for spec in OUTCOMES} | OF_LISTINGS == set(CATALOGUE)


def cases() -> list[tuple[str, str, bool, Fault | None]]:
    found: list[tuple[str, str, bool, Fault | None]] = []
    for spec, outcome in OUTCOMES.items():
        for row, dialect in (("vllm", "openai"), ("ollama", "ollama")):
            if dialect in CATALOGUE[spec.partition(":")[0]].dialects:
                own = (outcome.ollama or outcome) if dialect == "ollama" else outcome
                found += [(spec, row, False, own.whole), (spec, row, True, own.stream)]
    return found


@pytest.mark.parametrize(
    ("spec", "row", "stream", "fault"),
    cases(),
    ids=[f"{spec}, {row}, {'streamed' if stream else 'whole'}" for spec, row, stream, _ in cases()],
)
async def test_a_fault_has_its_class(spec: str, row: str, stream: bool, fault: Fault | None) -> None:
    request = Request.from_prompt(
        "Say something nice about a città.", system="Be brief.", temperature=0.5, max_tokens=50, stream=stream
    )
    async with Simulator(SETTINGS) as simulator, Sender() as sender:
        active = simulator.switch_on(spec)
        if spec in ("refuse", "connect-hang"):
            while not active.struck:
                await asyncio.sleep(0)
        try:
            await sender.ask(Endpoint("p", row, simulator.base_url), "sim-chat", request, LIMITS)
            met = ANSWER
        except AttemptFailed as failed:
            met = failed.failure.fault
    assert met == fault


async def test_a_cut_prompt_is_noticed_by_its_count() -> None:
    async with Simulator(Settings(answer_tokens=5, context_tokens=65536)) as simulator, Sender() as sender:

        async def ask(words: int) -> int:
            prompt = Request.from_prompt("word " * words)
            place = Endpoint("p", "ollama", simulator.base_url)
            return (await sender.ask(place, "sim-chat", prompt, LIMITS)).usage.input_tokens

        words = round(8000 * 8192 / await ask(8000))  # half of which fills a window exactly
        simulator.switch_on("truncated-input")
        with pytest.raises(AttemptFailed) as failed:
            await ask(words)
    assert failed.value.failure.fault is Fault.CONTEXT_OVERFLOW


LISTED = {"sim-chat", "sim-embed"}


@pytest.mark.parametrize(
    ("spec", "row", "fewest"),
    [
        ("listing-huge", "vllm", 3002),
        ("listing-huge", "ollama", 3002),
        ("listing-paged", "vllm", 5),
        ("listing-bare", "vllm", 2),
        ("listing-malformed", "vllm", 2),
        ("listing-malformed", "ollama", 2),
        ("listing-wrong-type", "vllm", 2),
        ("listing-wrong-type", "ollama", 2),
    ],
)
async def test_a_listing_is_read_whatever_it_looks_like(spec: str, row: str, fewest: int) -> None:
    settings = Settings(models=("sim-chat", "sim-embed", "c", "d", "e")) if fewest == 5 else SETTINGS
    async with Simulator(settings) as simulator, Sender() as sender:
        simulator.switch_on(spec)
        models: tuple[ListedModel, ...] = await sender.models(Endpoint("p", row, simulator.base_url), timeout_s=60)
    names = {model.name.removesuffix(":latest") for model in models}
    assert (names >= LISTED, len(models) >= fewest) == (True, True)


@pytest.mark.parametrize(
    ("spec", "fault"), [("pull-error", Fault.MODEL_NOT_FOUND), ("pull-restart", ANSWER), ("pull-present", ANSWER)]
)
async def test_a_pull_ends_well_or_says_why(spec: str, fault: Fault | None) -> None:
    async with Simulator(SETTINGS) as simulator, Sender() as sender:
        simulator.switch_on(spec)
        last, met = "", ANSWER
        try:
            async for progress in sender.pull(Endpoint("p", "ollama", simulator.base_url), "qwen3:4b"):
                last = progress.status
        except AttemptFailed as failed:
            met = failed.failure.fault
    assert (met, last == "success") == (fault, fault is ANSWER)
