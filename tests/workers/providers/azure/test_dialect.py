import json

import pytest

from workfleet.routing.failure import Fault
from workfleet.tasks.answer import Answer
from workfleet.tasks.request import Request
from workfleet.workers.providers.addresses import url_of
from workfleet.workers.providers.azure.dialect import Azure
from workfleet.workers.providers.dialect import Ask, Call, Reply
from workfleet.workers.providers.endpoint import Api
from workfleet.workers.providers.rows import ROWS

from ..speakers import openai_chunk, sse

ROW = ROWS["azure"]
MAPPED = {"gpt-4o": "my 4o"}


@pytest.mark.parametrize(
    ("api", "path", "model"),
    [
        pytest.param(Api(), "/openai/v1/chat/completions", "gpt-4o", id="a deployment by its own name"),
        pytest.param(Api(deployments=MAPPED), "/openai/v1/chat/completions", "my 4o", id="a model's deployment"),
        pytest.param(Api(version="preview"), "/openai/v1/chat/completions?api-version=preview", "gpt-4o", id="preview"),
        pytest.param(
            Api(version="2024-10-21", deployments=MAPPED),
            "/openai/deployments/my%204o/chat/completions?api-version=2024-10-21",
            "my 4o",
            id="the path with the deployment",
        ),
    ],
)
def test_the_deployment_is_asked_at_the_path_of_the_version(api: Api, path: str, model: str) -> None:
    made = Azure().encode(Ask(ROW, "az", "gpt-4o", Request.from_prompt("Hi", max_tokens=9), api=api))
    assert isinstance(made, Call)
    assert made.path == path
    assert made.body == {
        "model": model,
        "messages": [{"role": "user", "content": "Hi"}],
        "max_completion_tokens": 9,
        "stream": False,
    }


def test_embeddings_have_a_path_of_their_own() -> None:
    made = Azure().encode(Ask(ROW, "az", "e", Request(kind="embedding", input=("x",)), api=Api(version="2024-10-21")))
    assert isinstance(made, Call)
    assert made.path == "/openai/deployments/e/embeddings?api-version=2024-10-21"


@pytest.mark.parametrize(
    "base_url",
    [
        "https://r.openai.azure.com",
        "https://r.openai.azure.com/openai",
        "https://r.openai.azure.com/openai/v1",
    ],
)
def test_an_address_may_be_copied_with_its_path(base_url: str) -> None:
    assert url_of(ROW, base_url, "/openai/v1/models") == "https://r.openai.azure.com/openai/v1/models"


@pytest.mark.parametrize(
    ("status", "error", "fault"),
    [
        (401, {"statusCode": 401, "message": "Unauthorized. Access token is missing."}, Fault.AUTH),
        (401, {"error": {"code": "401", "message": "Access denied due to invalid subscription key."}}, Fault.AUTH),
        (404, {"error": {"code": "DeploymentNotFound", "message": "does not exist"}}, Fault.MODEL_NOT_FOUND),
        (429, {"error": {"code": "429", "message": "Please retry after 7 seconds."}}, Fault.RATE_LIMITED),
        (
            400,
            {"error": {"code": "content_filter", "message": "filtered", "param": "prompt", "status": 400}},
            Fault.CONTENT_FILTERED,
        ),
        (408, {"error": {"code": "Timeout", "message": "The operation was timeout."}}, Fault.SERVER),
        (424, {"error": {"code": "424", "message": "failed dependency"}}, Fault.SERVER),
        (503, {"error": {"code": "503", "message": "busy"}}, Fault.OVERLOADED),
    ],
)
def test_what_it_refuses_has_its_class(status: int, error: dict[str, object], fault: Fault) -> None:
    found = Azure().failure(Reply(status, {"retry-after-ms": "7000"}, json.dumps(error).encode()))
    assert (found.fault, found.status) == (fault, status)


def test_an_address_that_never_was_says_what_to_look_at() -> None:
    body = {"error": {"code": "404", "message": "Resource not found"}}
    found = Azure().failure(Reply(404, {}, json.dumps(body).encode()))
    assert found.message == "Resource not found (check base_url, api_version and deployments)"


def test_what_its_filter_looked_at_is_no_part_of_the_answer() -> None:
    looked_at = {"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": [looked_at]}
    ask = Ask(ROW, "az", "gpt-4o", Request.from_prompt("Hi"), stream=True)
    decoder = Azure().decoder(ask, Reply(200))
    decoder.feed(sse(first, openai_chunk("stop", content="Hello") | {"model": "gpt-4o-2024-11-20"}, None))
    found = decoder.finish()
    assert isinstance(found, Answer)
    assert (found.text, found.model) == ("Hello", "gpt-4o-2024-11-20")
