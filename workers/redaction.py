"""Takes secrets out of whatever is about to be shown or stored: logs, messages of errors, reports."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

REDACTED = "[redacted]"

#: Shorter values are words ("EMPTY", "ollama") that local servers take for a key; redacting them would blind the log.
SHORTEST_SECRET = 8

#: What the documentation of local servers suggests as a key. Longer than a word, and no secret either.
PLACEHOLDERS = frozenset({"lm-studio", "not-needed", "sk-no-key-required", "no-key-required"})

#: Names whose values are never shown, compared without case and with `-` for `_`.
SECRET_NAMES = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "x-api-key",
        "api-key",
        "apikey",
        "x-goog-api-key",
        "cookie",
        "set-cookie",
        "password",
        "secret",
        "access-token",
    }
)

_KEY = re.compile(r"\b(?:sk-|gsk_|csk-|pplx-|xai-|hf_|tgp_v1_|nvapi-|r8_|fw_|AIza|gh[pousr]_)[A-Za-z0-9_-]{16,}")
_SEPARATOR = r"""(?:["']?\s*[:=]\s*|["'],\s*)(?:b?["'])?"""
_HEADER = re.compile(
    rf"""(?ix) (\b(?:proxy-)?authorization|\bx-api-key|\bx-goog-api-key|\b(?:set-)?cookie) ({_SEPARATOR})
        (?:(?:bearer|basic|token)\s+)? [^\s"',}}\])]+"""
)
#: As a setting's name it also stands in sentences ("api_key: no variable is set"), so its value must look like a key.
_NAMED_KEY = re.compile(rf"""(?ix) (\bapi[-_]?key) ({_SEPARATOR}) [A-Za-z0-9_.-]{{16,}}""")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")
_QUERY = re.compile(r"""(?i)([?&](?:key|api[-_]?key|token|access_token|password)=)[^&\s"']+""")
_LOGIN = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/?#]+@")


class Redactor:
    """secrets: values that are known to be secret, wherever they turn up."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        wanted = {secret for secret in secrets if len(secret) >= SHORTEST_SECRET and secret not in PLACEHOLDERS}
        # The longest first: one secret may be a part of another.
        self._secrets = sorted(wanted, key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text without known secrets, and without anything that looks like one."""
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        text = _LOGIN.sub(rf"\1{REDACTED}@", text)
        text = _HEADER.sub(rf"\1\2{REDACTED}", text)
        text = _NAMED_KEY.sub(rf"\1\2{REDACTED}", text)
        text = _BEARER.sub(rf"\1 {REDACTED}", text)
        text = _QUERY.sub(rf"\1{REDACTED}", text)
        return _KEY.sub(REDACTED, text)

    def value(self, value: object) -> Any:
        """A copy that is safe to write: containers are searched, and objects become their text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            named = cast("Mapping[object, object]", value)
            return self.fields({str(name): each for name, each in named.items()})
        if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
            return [self.value(each) for each in cast("Iterable[object]", value)]
        return self.text(str(value))

    def fields(self, named: Mapping[str, object]) -> dict[str, Any]:
        return {name: REDACTED if is_secret_name(name) else self.value(value) for name, value in named.items()}


def is_secret_name(name: str) -> bool:
    return name.lower().replace("_", "-") in SECRET_NAMES


def secrets_in(value: object) -> Iterator[str]:
    """Every secret in a model, however deep, and the password of every secret that is a URL."""
    if isinstance(value, SecretStr):
        yield from _secret_parts(value.get_secret_value())
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from secrets_in(getattr(value, name))
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from secrets_in(getattr(value, field.name))
    elif isinstance(value, Mapping):
        yield from secrets_in(list(cast("Mapping[object, object]", value).values()))
    elif isinstance(value, list | tuple | set | frozenset):
        for each in cast("Iterable[object]", value):
            yield from secrets_in(each)


def _secret_parts(secret: str) -> Iterator[str]:
    yield secret
    for password in passwords_in(secret):
        yield password
        yield unquote(password)


def passwords_in(url: str) -> list[str]:
    """What a URL has for a password, before its host or among its options, as it is written there."""
    if "://" not in url:
        return []
    parts = urlsplit(url)
    options = (option.partition("=") for option in parts.query.split("&"))
    return [word for word in (parts.password, *(value for name, _, value in options if name == "password")) if word]
