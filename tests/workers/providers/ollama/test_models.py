import json
from typing import Any

import pytest

from workfleet.routing.failure import Failure, Fault
from workfleet.workers.providers.dialect import Call, ListedModel, Reply
from workfleet.workers.providers.ollama.dialect import Ollama
from workfleet.workers.providers.ollama.models import load_calls, loaded_window, unload_call
from workfleet.workers.providers.ollama.pull import PullDecoder
from workfleet.workers.providers.pull_progress import PullProgress
from workfleet.workers.providers.rows import ROWS

QWEN = {"name": "qwen3:4b", "model": "qwen3:4b", "size": 1, "digest": "a8b0"}


def reply(body: Any) -> Reply:
    return Reply(200, {}, json.dumps(body).encode())


def test_models_are_listed_and_a_cloud_model_is_not_local() -> None:
    cloud = {"name": "gpt-oss:120b-cloud", "remote_host": "https://ollama.com:443", "remote_model": "gpt-oss:120b"}
    tagged = {**QWEN, "capabilities": ["completion", "tools"]}
    assert Ollama().models(ROWS["ollama"], reply({"models": [tagged, cloud, {}, "x"]})) == (
        ListedModel(
            "qwen3:4b", capabilities=frozenset({"json_mode", "tools"}), local=True, size_bytes=1, digest="a8b0"
        ),
        ListedModel("gpt-oss:120b-cloud"),
    )


@pytest.mark.parametrize("body", [{"models": []}, {"models": None}])
def test_a_server_without_models_lists_none(body: Any) -> None:
    assert Ollama().models(ROWS["ollama"], reply(body)) == ()


def test_what_is_no_listing_is_a_failure() -> None:
    failure = Failure(Fault.SERVER, "the answer is no listing of models; check the base URL", status=200)
    assert Ollama().models(ROWS["ollama"], reply({"data": []})) == failure


def test_the_details_tell_context_and_capabilities() -> None:
    model = ListedModel("qwen3:4b", local=True)
    shown = {
        "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960, "general.parameter_count": 4},
        "capabilities": ["completion", "tools", "thinking"],
    }
    assert Ollama().details(ROWS["ollama"], model) == Call("POST", "/api/show", {"model": "qwen3:4b"})
    assert Ollama().with_details(model, reply(shown)) == ListedModel(
        "qwen3:4b", 40960, frozenset({"json_mode", "tools"}), local=True
    )


@pytest.mark.parametrize("body", [{}, {"error": "x"}, [], {"model_info": None, "capabilities": None}])
def test_details_that_tell_nothing_change_nothing(body: Any) -> None:
    model = ListedModel("m", 4096, frozenset({"tools"}))
    assert Ollama().with_details(model, reply(body)) == model


@pytest.mark.parametrize(
    ("model", "window"),
    [("qwen3:4b", 8192), ("all-minilm", 512), ("absent", None)],
    ids=["by name", "by :latest", "absent"],
)
def test_the_window_of_a_loaded_model_is_known(model: str, window: int | None) -> None:
    loaded = [{"name": "qwen3:4b", "context_length": 8192}, {"name": "all-minilm:latest", "context_length": 512}]
    assert loaded_window(reply({"models": loaded}), model) == window


def test_loading_asks_for_the_window_that_requests_will_ask_for() -> None:
    generate, embed = load_calls("m", context_tokens=8192)
    assert generate == Call("POST", "/api/generate", {"model": "m", "stream": False, "options": {"num_ctx": 8192}})
    assert embed == Call("POST", "/api/embed", {"model": "m", "input": [], "options": {"num_ctx": 8192}})
    assert unload_call("m") == Call("POST", "/api/generate", {"model": "m", "stream": False, "keep_alive": 0})


def lines(*values: Any) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def test_the_progress_of_a_pull_is_over_all_its_layers() -> None:
    decoder = PullDecoder(Reply(200))
    steps = decoder.feed(
        lines(
            {"status": "pulling manifest"},
            {"status": "pulling a", "digest": "a", "total": 100},
            {"status": "pulling a", "digest": "a", "total": 100, "completed": 40},
            {"status": "pulling b", "digest": "b", "total": 50, "completed": 50},
            {"status": "pulling a", "digest": "a", "total": 100, "completed": 100},
            {"status": "success"},
        )
    )
    assert steps == [
        PullProgress("pulling manifest"),
        PullProgress("pulling a", 0, 100),
        PullProgress("pulling a", 40, 100),
        PullProgress("pulling b", 90, 150),
        PullProgress("pulling a", 150, 150),
        PullProgress("success", 150, 150),
    ]
    assert (steps[-1].done, decoder.ended, decoder.failure()) == (True, True, None)


@pytest.mark.parametrize(
    ("stream", "failure"),
    [
        (
            lines({"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}),
            Failure(Fault.MODEL_NOT_FOUND, "pull model manifest: file does not exist", status=200),
        ),
        (
            lines({"status": "pulling manifest"}),
            Failure(Fault.TRANSPORT, "the pull was interrupted; the next one goes on from there", status=200),
        ),
    ],
    ids=["an error line", "the connection broke"],
)
def test_a_pull_that_does_not_succeed_is_a_failure(stream: bytes, failure: Failure) -> None:
    decoder = PullDecoder(Reply(200))
    decoder.feed(stream)
    assert decoder.failure() == failure
