"""Speaks with providers, whatever their dialect. One `Sender` serves all the providers of a process."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

import httpx2

from ...tasks.answer import Answer
from ...tasks.request import Request
from .asking import Asking, OnDelta, OnHeaders, Watch
from .dialect import Ask, ListedModel
from .endpoint import AttemptFailed, Endpoint, Timeouts
from .feedback import Feedback
from .http_client import http_client, offline_transport
from .inspection import Health, check, listed_models, load, within
from .meter import Meter
from .ollama import admin as ollama_admin
from .ollama.models import InMemory
from .pull_progress import PullProgress
from .pulling import pulled
from .redaction import redacted
from .residence import is_resident
from .ruvllm.forms import Forms
from .server_load import ServerLoad
from .token_count import counted_tokens
from .wire import MAX_BODY_BYTES, Wire


class Sender:
    """Enter it on the event loop that makes the calls.

    transport: stands in for the network in tests. max_body_bytes: a larger reply is a failure. near: the only hosts,
    besides this machine, that it may connect to; None is any. refused: host -> calls that were not made for that.
    """

    def __init__(
        self,
        *,
        transport: httpx2.AsyncBaseTransport | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        near: frozenset[str] | None = None,
    ) -> None:
        offline = offline_transport(near, transport) if near is not None else None
        self.refused: Mapping[str, int] = offline.refused if offline is not None else {}
        self._client = http_client(offline or transport)
        self._wire = Wire(self._client, max_body_bytes=max_body_bytes)
        self._asking = Asking(self._wire)
        self._forms = Forms(self._wire)
        self._feedback = Feedback(self._wire)

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._feedback.close()
        await self._client.__aexit__(kind, error, trace)

    async def ask(
        self,
        endpoint: Endpoint,
        model: str,
        request: Request,
        timeouts: Timeouts,
        on_delta: OnDelta | None = None,
        context_tokens: int | None = None,
        job_id: str | None = None,
        on_headers: OnHeaders = lambda _: None,
        meter: Meter | None = None,
    ) -> Answer:
        """The model's answer. Raises AttemptFailed; being cancelled closes the connection at once.

        It streams if the request says so, or if there is an `on_delta` to hand the pieces to; the time that `on_delta`
        takes is not counted as the provider's. context_tokens: of the model, if known. job_id: told to the provider, so
        that the call can be found in its logs. on_headers: told the headers of each reply, also of a refusal. meter:
        has what a stream brought, also if it breaks off or the call is cancelled.
        """
        row = endpoint.row
        long = row.stream_above_tokens is not None and (request.max_tokens or 0) > row.stream_above_tokens
        stream = (request.stream or on_delta is not None or long) and request.kind != "embedding"
        ask = Ask(row, endpoint.provider, model, request, stream=stream, context_tokens=context_tokens)
        with redacted(endpoint):
            endpoint = await self._forms.settled(endpoint, timeouts) if row.dialect == "ruvllm" else endpoint
            ask = replace(ask, api=endpoint.api)
            watch = Watch(on_delta, on_headers, meter or Meter())
            return await self._asking.ask(endpoint, ask, timeouts, watch, job_id)

    async def models(self, endpoint: Endpoint, timeout_s: float = 5) -> tuple[ListedModel, ...]:
        """The models that the server lists, loaded or not. Raises AttemptFailed."""
        with redacted(endpoint):
            return await listed_models(self._wire, endpoint, timeout_s)

    async def health(self, endpoint: Endpoint, timeout_s: float = 5, ping_model: str | None = None) -> Health:
        """Whether the server answers, and if a model is named, whether that generates a token. Never raises."""
        found = await check(self._wire, endpoint, timeout_s)
        if not found.healthy or ping_model is None:
            return found
        try:
            await self.ping(endpoint, ping_model, timeout_s)
        except AttemptFailed as failed:
            return replace(found, healthy=False, detail=f"{ping_model} does not answer: {failed}")
        return replace(found, detail=f"{ping_model} answers")

    async def ping(self, endpoint: Endpoint, model: str, timeout_s: float = 5) -> float:
        """The seconds that a model took for one token. Raises AttemptFailed."""
        answer = await self.ask(endpoint, model, await self._ping(endpoint, model, timeout_s), within(timeout_s))
        return answer.total_s or 0.0

    async def resident(self, endpoint: Endpoint, model: str, timeout_s: float = 5) -> bool | None:
        """Whether a model is in the server's memory, None if it does not tell. Raises AttemptFailed."""
        with redacted(endpoint):
            return await is_resident(self._wire, endpoint, model, timeout_s)

    async def count_tokens(self, endpoint: Endpoint, model: str, request: Request, timeout_s: float = 5) -> int | None:
        """The request's tokens as the provider counts them, None if it does not. Raises AttemptFailed."""
        with redacted(endpoint):
            return await counted_tokens(self._wire, endpoint, model, request, timeout_s)

    def tell_quality(self, endpoint: Endpoint, request: Request, said: str, quality: float) -> None:
        """Tell a server that learns how good an answer was, from 0 to 1. Nothing waits for it."""
        self._feedback.tell(endpoint, request, said, quality)

    async def load(self, endpoint: Endpoint, timeout_s: float = 5) -> ServerLoad | None:
        """How busy a server of our own says that it is, None if it does not tell. Never raises."""
        return await load(self._wire, endpoint, timeout_s)

    async def preload(self, endpoint: Endpoint, model: str, context_tokens: int | None = None) -> None:
        """Have an Ollama server load a model, with the window that requests will ask for. Raises AttemptFailed."""
        with redacted(endpoint):
            await ollama_admin.load(self._wire, endpoint, model, context_tokens)

    async def gpu_share(self, endpoint: Endpoint, model: str, timeout_s: float = 5) -> float | None:
        """How much of a loaded model is in the memory of GPUs, None if the server does not tell. Never raises."""
        if endpoint.row.dialect != "ollama":
            return None
        with suppress(AttemptFailed):
            return await ollama_admin.share_on_gpus(self._wire, endpoint, model, timeout_s)
        return None

    async def memory(self, endpoint: Endpoint, timeout_s: float = 5) -> tuple[tuple[InMemory, ...], dict[str, int]]:
        """What an Ollama server has in memory, and the bytes on its disk of each model. Raises AttemptFailed."""
        with redacted(endpoint):
            loaded, listed = await ollama_admin.memory(self._wire, endpoint, timeout_s)
        return loaded, {model.name: model.size_bytes or 0 for model in listed}

    async def unload(self, endpoint: Endpoint, model: str) -> None:
        """Have an Ollama server free the memory of a model. Raises AttemptFailed."""
        with redacted(endpoint):
            await ollama_admin.unload(self._wire, endpoint, model)

    async def pull(self, endpoint: Endpoint, model: str) -> AsyncGenerator[PullProgress]:
        """Have Ollama, LM Studio or LocalAI fetch a model; what was interrupted goes on. Raises AttemptFailed."""
        with redacted(endpoint):
            async for progress in pulled(self._wire, endpoint, model):
                yield progress

    async def _ping(self, endpoint: Endpoint, model: str, timeout_s: float) -> Request:
        """One token of an answer, with the window that the model is loaded with: any other would load it anew."""
        window = None
        if endpoint.row.dialect == "ollama":
            window = await ollama_admin.window_of(self._wire, endpoint, model, timeout_s)
        extra = {"options": {"num_ctx": window}} if window else {}
        return Request.from_prompt("ping", max_tokens=1, extra=extra)
