"""What the head of a GGUF file tells of a model (the format's specification, version 2 and 3)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from ...tasks.errors import ConfigurationError

_MAGIC = b"GGUF"
#: Types of values, by their numbers in the file, as `struct` reads them.
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
#: The vocabulary follows what is told of the model, and is most of the head.
_VOCABULARY = "tokenizer."
_LONGEST_STRING = 1 << 24

_Value = int | float | bool | str | None


@dataclass(frozen=True, slots=True)
class GGUF:
    """size_bytes: of the file. context_tokens: what the model was trained for. tensors: how many it has.

    kv_bytes_per_token: what one token of context takes of memory in the cache, in 16 bits; None if the head does not
    tell.
    """

    size_bytes: int
    tensors: int
    architecture: str
    name: str
    context_tokens: int | None
    kv_bytes_per_token: int | None


class NotGGUF(ConfigurationError):
    """The file is no model, or not all of one."""


def read_gguf(file: Path) -> GGUF:
    """Reads the head only. Raises NotGGUF, ConfigurationError."""
    try:
        with file.open("rb") as stream:
            return _read(stream, file)
    except FileNotFoundError:
        raise ConfigurationError(f"there is no model file {file}; `fleet models pull URL` fetches one") from None
    except OSError as failed:
        raise ConfigurationError(f"can't read the model file {file}: {failed.strerror or failed}") from None


def _read(stream: BinaryIO, file: Path) -> GGUF:
    if stream.read(4) != _MAGIC:
        raise NotGGUF(f"{file} is no GGUF file: llama.cpp reads models in that format only")
    try:
        (version,) = struct.unpack("<I", _take(stream, 4))
        if version not in (2, 3):
            raise NotGGUF(f"{file} is GGUF of version {version}; 2 and 3 are known")
        tensors, count = struct.unpack("<QQ", _take(stream, 16))
        facts = _facts(stream, count)
    except (struct.error, EOFError, UnicodeDecodeError):
        raise NotGGUF(f"{file} ends within its head: it was not fetched whole, or is damaged") from None
    architecture = str(facts.get("general.architecture") or "")
    return GGUF(
        size_bytes=file.stat().st_size,
        tensors=tensors,
        architecture=architecture,
        name=str(facts.get("general.name") or file.stem),
        context_tokens=_whole(facts, f"{architecture}.context_length"),
        kv_bytes_per_token=_kv_bytes(facts, architecture),
    )


def _facts(stream: BinaryIO, count: int) -> dict[str, _Value]:
    facts: dict[str, _Value] = {}
    for _ in range(count):
        key = _string(stream)
        if key.startswith(_VOCABULARY):
            break
        facts[key] = _value(stream, *struct.unpack("<I", _take(stream, 4)))
    return facts


def _value(stream: BinaryIO, type_: int) -> _Value:
    """A value; of an array, its largest number, for layers may differ."""
    if type_ in _SCALARS:
        form = _SCALARS[type_]
        (number,) = struct.unpack(form, _take(stream, struct.calcsize(form)))
        return cast("int | float | bool", number)
    if type_ == _STRING:
        return _string(stream)
    if type_ != _ARRAY:
        raise EOFError
    inner, length = struct.unpack("<IQ", _take(stream, 12))
    values = [_value(stream, inner) for _ in range(length)]
    numbers = [value for value in values if isinstance(value, int | float)]
    return max(numbers, default=None)


def _string(stream: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", _take(stream, 8))
    if length > _LONGEST_STRING:
        raise EOFError
    return _take(stream, length).decode()


def _take(stream: BinaryIO, size: int) -> bytes:
    taken = stream.read(size)
    if len(taken) < size:
        raise EOFError
    return taken


def _kv_bytes(facts: Mapping[str, _Value], architecture: str) -> int | None:
    """Keys and values of every layer, two bytes each."""
    layers, embedding, heads = (
        _whole(facts, f"{architecture}.{name}") for name in ("block_count", "embedding_length", "attention.head_count")
    )
    if not layers or not heads or not embedding:
        return None
    of_heads = _whole(facts, f"{architecture}.attention.head_count_kv") or heads
    key = _whole(facts, f"{architecture}.attention.key_length") or embedding // heads
    value = _whole(facts, f"{architecture}.attention.value_length") or embedding // heads
    return 2 * layers * of_heads * (key + value)


def _whole(facts: Mapping[str, _Value], name: str) -> int | None:
    value = facts.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
