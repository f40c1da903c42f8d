import json
from pathlib import Path
from typing import Any

import pytest

from workfleet.workers.cli import main as cli

CHAT: dict[str, Any] = {
    "name": "a#0",
    "provider": "groq",
    "url": "https://api.groq.com/openai/v1/chat/completions",
    "request": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "status": 200,
    "response_headers": {"content-type": "application/json"},
    "response": {
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {
                    "content": "Hello",
                    "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                },
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    },
}
REFUSED: dict[str, Any] = {**CHAT, "name": "b#0", "status": 429, "response": {"error": {"message": "slow down"}}}
COUNT: dict[str, Any] = {
    **CHAT,
    "name": "c#0",
    "provider": "anthropic",
    "url": "https://api.anthropic.com/v1/messages/count_tokens?beta=true",
    "response": {"input_tokens": 19},
}
LISTING: dict[str, Any] = {
    **CHAT,
    "name": "d#0",
    "url": "https://api.groq.com/openai/v1/models",
    "response": {"data": []},
}
NOTHING: dict[str, Any] = {
    "text": "",
    "tool_calls": [],
    "embeddings": [],
    "finish_reason": None,
    "usage": None,
    "failure": None,
}


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["fleet", "providers", "decode", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    file = tmp_path / "exchanges.jsonl"
    file.write_text("\n\n".join(json.dumps(each) for each in (CHAT, REFUSED, COUNT, LISTING)))
    return file


def usage(**counts: Any) -> dict[str, Any]:
    zero = (
        "input_tokens",
        "cached_read_tokens",
        "cache_write_tokens",
        "cache_write_1h_tokens",
        "output_tokens",
        "reasoning_tokens",
    )
    unknown = ("billed_input_tokens", "billed_output_tokens", "cost_usd", "cost_source", "price_version")
    return {**dict.fromkeys(zero, 0), **dict.fromkeys(unknown), "source": "provider", **counts}


def test_each_exchange_is_a_line_of_json(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(recorded), "--json") == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {
            **NOTHING,
            "name": "a#0",
            "text": "Hello",
            "tool_calls": [{"id": "c", "name": "f", "arguments": "{}"}],
            "finish_reason": "tool_calls",
            "usage": usage(input_tokens=3, output_tokens=2),
        },
        {**NOTHING, "name": "b#0", "failure": "rate_limited"},
        {**NOTHING, "name": "c#0", "usage": usage(input_tokens=19)},
        {**NOTHING, "name": "d#0"},
    ]


def test_people_get_a_table(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(recorded)) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["exchange", "answer", "calls", "vectors", "end", "in", "out"],
        ["a#0", "Hello", "1", "tool_calls", "3", "2"],
        ["b#0", "rate_limited"],
        ["c#0", "19", "0"],
        ["d#0"],
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("{}\n", ":1: no exchange: it needs `url`, `status` and `response`", id="no exchange"),
        pytest.param(
            json.dumps(CHAT) + "\nno", ":2: is no JSON: Expecting value: line 1 column 1 (char 0)", id="no JSON"
        ),
        pytest.param("\n", " holds no exchange: it needs one JSON object a line", id="nothing"),
        pytest.param(
            json.dumps({**CHAT, "url": "http://[::1"}),
            ":1: no exchange: 'http://[::1' is no address: Invalid IPv6 URL",
            id="no address",
        ),
        pytest.param("[]", ":1: no exchange: it needs `url`, `status` and `response`", id="no object"),
    ],
)
def test_what_is_no_exchange_is_refused_with_its_line(
    text: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    assert run(monkeypatch, str(file), "--json") == 2
    assert capsys.readouterr().err == f"error: {file}{why}\n"


def test_a_file_that_is_no_text_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(json.dumps(CHAT).encode() + b'\n{"name": "\xff"}\n')
    assert run(monkeypatch, str(file), "--json") == 2
    assert capsys.readouterr().err == f"error: {file}:2: is not in UTF-8\n"


def test_only_line_ends_end_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "exchanges.jsonl"
    named = [{**REFUSED, "name": name} for name in ("a\u2028b", "a\x85b")]
    lines = "\r\n".join(json.dumps(each, ensure_ascii=False) for each in named)
    file.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    assert run(monkeypatch, str(file), "--json") == 0
    printed = capsys.readouterr().out.rstrip("\n").split("\n")
    assert [json.loads(line)["name"] for line in printed] == ["a\u2028b", "a\x85b"]


def test_half_a_character_is_printed_as_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "exchanges.jsonl"
    choices = [{"index": 0, "message": {"content": "\ud83d"}, "finish_reason": "stop"}]
    file.write_text(json.dumps({**CHAT, "name": "\ud83d", "response": {"choices": choices}}))
    assert run(monkeypatch, str(file), "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["name"], printed["text"]) == ("\ufffd", "\ufffd")


def test_a_file_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, str(tmp_path / "none")) == 2
    assert capsys.readouterr().err == f"error: can't read {tmp_path / 'none'}: No such file or directory\n"
