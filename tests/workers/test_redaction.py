"""Secrets are recognised by their value, by their name and by their shape, and nothing else is hidden."""

from dataclasses import dataclass

import pytest
from pydantic import BaseModel, SecretStr

from workfleet.workers.redaction import Redactor, secrets_in

SHAPES = {
    "OpenAI": "sk-proj-Ab3dEfGh1jKlMn0pQrStUvWxYz",
    "Anthropic": "sk-ant-api03-Ab3dEfGh1jKlMn0pQrStUvWxYz-AA",
    "OpenRouter": "sk-or-v1-0123456789abcdef0123456789abcdef",
    "Groq": "gsk_Ab3dEfGh1jKlMn0pQrStUvWxYz",
    "Google": "AIzaSyAb3dEfGh1jKlMn0pQrStUvWxYz01234",
    "Together": "tgp_v1_Ab3dEfGh1jKlMn0pQrStUvWxYz",
    "Hugging Face": "hf_Ab3dEfGh1jKlMn0pQrStUvWxYz",
    "xAI": "xai-Ab3dEfGh1jKlMn0pQrStUvWxYz",
}


@pytest.mark.parametrize("key", SHAPES.values(), ids=SHAPES.keys())
def test_a_key_is_known_by_its_prefix(key: str) -> None:
    assert Redactor().text(f"401 for key {key}.") == "401 for key [redacted]."


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Authorization: Bearer abcdef.ghi", "Authorization: [redacted]"),
        ("{'authorization': 'Bearer abcdef'}", "{'authorization': '[redacted]'}"),
        ('{"x-api-key": "0123456789abcdef"}', '{"x-api-key": "[redacted]"}'),
        ("[(b'api-key', b'0123456789abcdef')]", "[(b'api-key', b'[redacted]')]"),
        ("sent with bearer 0123456789abcdef", "sent with bearer [redacted]"),
        ("GET https://host/v1/models?key=AbCdEf&alt=sse", "GET https://host/v1/models?key=[redacted]&alt=sse"),
        ("redis://:p4ssw0rd@127.0.0.1:6379/0", "redis://:[redacted]@127.0.0.1:6379/0"),
        ("rediss://user:p4ssw0rd@host", "rediss://user:[redacted]@host"),
        ("redis://host/0?db=1&password=p4ss", "redis://host/0?db=1&password=[redacted]"),
    ],
    ids=["header", "in a dict", "in JSON", "raw", "bearer", "query", "Redis URL", "with a user", "with options"],
)
def test_a_credential_is_known_by_where_it_stands(text: str, safe: str) -> None:
    assert Redactor().text(text) == safe


@pytest.mark.parametrize(
    "text",
    [
        "job test-generation.complex took 3.2 s, 1200 input tokens",
        "http://127.0.0.1:11434/api/chat",
        "see https://host/docs?page=2#keys",
        "unknown model 'sk-8b'; known: llama3.2:3b",
        "task-planning at 12:30:01",
        "fleet.yaml:4: providers.groq.api_key: the variable GROQ_API_KEY is not set; set it",
        "a missing api-key, as with a wrong one, ends in 401",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_known_secret_is_hidden_wherever_it_stands() -> None:
    redactor = Redactor(["tr0ub4dor-and-3", "tr0ub4dor"])
    assert redactor.text("<tr0ub4dor-and-3|tr0ub4dor>") == "<[redacted]|[redacted]>"


def test_words_that_local_servers_take_for_a_key_are_no_secrets() -> None:
    assert Redactor(["ollama", "EMPTY", "lm-studio"]).text("EMPTY ollama lm-studio") == "EMPTY ollama lm-studio"


def test_values_are_searched_to_the_bottom_and_keep_their_shape() -> None:
    value = {
        "attempt": 2,
        "ok": True,
        "wait_s": None,
        "headers": {"X-API-Key": "short", "accept": "*/*"},
        "urls": ("redis://:pw@host", b"raw"),
        "error": ValueError("refused gsk_Ab3dEfGh1jKlMn0pQrStUvWxYz"),
    }
    assert Redactor().value(value) == {
        "attempt": 2,
        "ok": True,
        "wait_s": None,
        "headers": {"X-API-Key": "[redacted]", "accept": "*/*"},
        "urls": ["redis://:[redacted]@host", "b'raw'"],
        "error": "refused [redacted]",
    }


class Part(BaseModel):
    api_key: SecretStr | None = None


class Whole(BaseModel):
    redis_url: SecretStr
    parts: dict[str, Part]


@dataclass
class Wrapped:
    whole: Whole
    others: tuple[object, ...]


def test_every_secret_of_a_configuration_is_found() -> None:
    whole = Whole(
        redis_url=SecretStr("redis://:p%40ss@host"), parts={"groq": Part(api_key=SecretStr("k1")), "x": Part()}
    )
    assert list(secrets_in(Wrapped(whole, (SecretStr("k2"), 3, "plain")))) == [
        "redis://:p%40ss@host",
        "p%40ss",
        "p@ss",
        "k1",
        "k2",
    ]


def test_a_password_among_the_options_of_a_url_is_found_too() -> None:
    url = "redis://host/0?db=1&password=p%40ss"
    assert list(secrets_in(SecretStr(url))) == [url, "p%40ss", "p@ss"]
