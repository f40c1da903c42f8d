import json
from collections.abc import Callable
from typing import Any

from workfleet.routing.limits import Period, Unit
from workfleet.workers.simulator.ask import Operation
from workfleet.workers.simulator.dialects.openai.dialect import OpenAI
from workfleet.workers.simulator.exchange import Exchange
from workfleet.workers.simulator.limits import Limit, Overrun
from workfleet.workers.simulator.problem import Kind, Problem
from workfleet.workers.simulator.settings import Settings

Write = Callable[..., Any]

DEPLOYED = "/openai/deployments/my-gpt/chat/completions"

VERSION = "?api-version=2024-10-21"

ASKED: dict[str, Any] = {"messages": [{"role": "user", "content": "What is a queue?"}]}


def test_the_deployment_in_the_path_decides_which_model_answers(written: Write) -> None:
    body = written(DEPLOYED + VERSION, ASKED | {"model": "ignored"}).json
    assert body["model"] == "my-gpt"
    assert body["prompt_filter_results"][0]["content_filter_results"]["jailbreak"] == {
        "detected": False,
        "filtered": False,
    }
    assert body["choices"][0]["content_filter_results"]["hate"] == {"filtered": False, "severity": "safe"}


def test_a_path_without_the_version_of_the_api_is_not_found(written: Write) -> None:
    got = written(DEPLOYED, ASKED)
    assert (got.status, got.json) == (404, {"error": {"code": "404", "message": "Resource not found"}})


def test_the_newer_path_names_the_deployment_as_the_model(written: Write) -> None:
    body = written("/openai/v1/chat/completions", ASKED | {"model": "my-gpt"}, headers={"api-key": "k"}).json
    assert (body["model"], "prompt_filter_results" in body) == ("my-gpt", True)


def test_a_stream_begins_with_a_chunk_without_choices(written: Write) -> None:
    first, second, *_ = written(DEPLOYED + VERSION, ASKED | {"stream": True}).events
    assert (first["id"], first["model"], first["choices"]) == ("", "", [])
    assert "prompt_filter_results" in first
    assert second["choices"][0]["delta"]["role"] == "assistant"


def test_an_unknown_deployment_may_only_be_young(written: Write) -> None:
    got = written(DEPLOYED + VERSION, ASKED, strict_models=True)
    assert (got.status, got.json["error"]["code"]) == (404, "DeploymentNotFound")


def problem(problem: Problem) -> tuple[int, dict[str, str], Any]:
    asked = Exchange(7, 1_750_000_000, Settings(), Operation.CHAT, DEPLOYED, asked_flavour="azure")
    script = OpenAI().problem(problem, "my-gpt", asked)
    return script.status, dict(script.headers), json.loads(script.frames[0].data)["error"]


def test_a_limit_is_told_in_seconds_and_milliseconds() -> None:
    overrun = Overrun(Limit(Unit.REQUESTS, Period.MINUTE, 30, 60), 30, 1, 6.5)
    status, headers, error = problem(Problem(Kind.RATE, overrun=overrun))
    assert (status, headers["retry-after"], headers["retry-after-ms"], error["code"]) == (429, "7", "6500", "429")
    assert error["message"].endswith("Please retry after 7 seconds.")


def test_a_filtered_prompt_is_an_error_that_says_what_was_found() -> None:
    status, _, error = problem(Problem(Kind.FILTERED))
    assert (status, error["code"], error["param"]) == (400, "content_filter", "prompt")
    found = error["innererror"]["content_filter_result"]
    assert [harm for harm, told in found.items() if told["filtered"]] == ["violence"]


def test_a_wrong_key_has_a_number_in_text_as_its_code() -> None:
    status, _, error = problem(Problem(Kind.UNAUTHORIZED))
    assert (status, error["code"]) == (401, "401")
