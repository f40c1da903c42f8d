"""GGUF files as tests need them: a true head, and nothing after it."""

import struct
from collections.abc import Mapping
from pathlib import Path

#: A model of two layers: 2 * 2 * 2 heads * (64 + 64) bytes of cache a token.
SMALL: Mapping[str, str | int | list[int]] = {
    "general.architecture": "llama",
    "general.name": "Small",
    "llama.context_length": 2048,
    "llama.embedding_length": 256,
    "llama.block_count": 2,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
}


def write_gguf(file: Path, facts: Mapping[str, str | int | list[int]] = SMALL, *, version: int = 3) -> Path:
    head = struct.pack("<4sIQQ", b"GGUF", version, 7, len(facts) + 1)
    pairs = b"".join(_string(key) + _value(value) for key, value in facts.items())
    file.write_bytes(head + pairs + _string("tokenizer.ggml.model") + _value("llama"))
    return file


def _string(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _value(value: str | int | list[int]) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", 8) + _string(value)
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    return struct.pack("<IIQ", 9, 4, len(value)) + struct.pack(f"<{len(value)}I", *value)
