import json
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from workfleet.tasks.errors import FleetUnavailable, InvalidRequest, UnknownName
from workfleet.workers.cli.simulate import simulate_app

from .simulating import running


@pytest.fixture(scope="module")
def started() -> Iterator[str]:
    with running("--rpm", "1000") as (url, process):
        yield url
        process.terminate()
        process.communicate(timeout=10)


@pytest.fixture
def url(started: str) -> str:
    """The URL of a simulator without faults."""
    said("off", "--url", started)
    return started


def said(*words: str) -> str:
    """What a command prints; raises what it fails with."""
    return CliRunner().invoke(simulate_app, list(words), catch_exceptions=False, env={"COLUMNS": "200"}).output


def status_of(url: str) -> int:
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hello."}]}).encode()
    try:
        with urllib.request.urlopen(f"{url}/chat/completions", data=body, timeout=10) as response:
            return int(response.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


def test_a_fault_is_switched_on_at_one_provider_and_off_again(url: str) -> None:
    assert said("on", "http-503:provider=groq", "slow-tokens:amount=400", "--url", url) == (
        "on: http-503:provider=groq\non: slow-tokens:amount=400\n"
    )
    assert (status_of(f"{url}/groq/v1"), status_of(f"{url}/together/v1")) == (503, 200)
    assert said("off", "http-503:provider=groq", "--url", url) == "off: http-503:provider=groq\n"
    assert status_of(f"{url}/groq/v1") == 200
    assert said("off", "--url", url) == "off: slow-tokens\n"
    assert said("off", "--url", url) == "none was on\n"
    assert said("off", "http-500", "--url", url) == "none of them was on\n"


def test_settings_are_called_as_the_options_are(url: str) -> None:
    assert said("set", "latency=0.01", "token_rate=400", "model=a,b", "rpm=none", "--url", url) == (
        "latency=0.01\ntoken-rate=400.0\nmodel=a,b\nrpm=none\n"
    )
    assert said("status", "--url", url).startswith("settings: model=a,b latency=0.01 token-rate=400.0\n")
    said("set", "latency=0", "token-rate=0", "model=sim-chat,sim-embed", "rpm=1000", "--url", url)


def test_its_status_says_what_was_struck_and_served(url: str) -> None:
    said("on", "http-500:rate=1,for=1", "--url", url)
    before = json.loads(said("status", "--json", "--url", url))
    assert [status_of(f"{url}/v1") for _ in range(2)] == [500, 200]
    after = json.loads(said("status", "--json", "--url", url))
    assert after["faults"] == [{**before["faults"][0], "seen": 2, "struck": 1}]
    assert after["stats"]["requests"] - before["stats"]["requests"] == 2
    shown = said("status", "--url", url)
    assert re.search(r"http-500:for=1 +│ 2 +│ 1 ", shown)
    assert re.search(r"status codes: 200 \(\d+\), .*500 \(\d+\)", shown)


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        (["on", "http-503:provider=grok"], InvalidRequest, "unknown provider 'grok'; known: anthropic, "),
        (["on", "refuse"], InvalidRequest, "'refuse' would cut off this API too"),
        (["off", "http-5"], InvalidRequest, "unknown fault 'http-5'"),
        (["set", "speed=4"], UnknownName, "unknown setting 'speed'; known: answer-tokens, "),
        (["set", "latency"], InvalidRequest, "setting 'latency' has no value; write latency=0.5"),
        (["set", "rpm=0"], InvalidRequest, "rpm: Input should be greater than or equal to 1"),
    ],
)
def test_a_mistake_is_one_line(url: str, words: list[str], error: type[Exception], says: str) -> None:
    with pytest.raises(error) as failed:
        said(*words, "--url", url)
    assert str(failed.value).startswith(says)


def test_nobody_there_is_one_line_that_says_what_to_do() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        where = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(FleetUnavailable, match=r"^no simulator answers at .*; start one with `fleet simulate`$"):
            said("status", "--url", where)


def test_a_server_that_is_no_simulator_is_named_as_such(url: str) -> None:
    with pytest.raises(FleetUnavailable, match="is no simulator: HTTP 404"):
        said("status", "--url", f"{url}/groq")
