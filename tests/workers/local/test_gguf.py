"""What the head of a model file tells."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workfleet.tasks.errors import ConfigurationError
from workfleet.workers.local.gguf import GGUF, NotGGUF, read_gguf

from .gguf_files import SMALL, write_gguf


def test_a_head_tells_of_the_model(tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "small.gguf")
    assert read_gguf(file) == GGUF(file.stat().st_size, 7, "llama", "Small", 2048, 1024)


def test_layers_may_have_different_numbers_of_heads(tmp_path: Path) -> None:
    facts = {**SMALL, "llama.attention.head_count_kv": [1, 2]}
    assert read_gguf(write_gguf(tmp_path / "a.gguf", facts)).kv_bytes_per_token == 1024


def test_what_the_head_lacks_is_unknown(tmp_path: Path) -> None:
    found = read_gguf(write_gguf(tmp_path / "bare.gguf", {"general.architecture": "mamba"}))
    assert (found.name, found.context_tokens, found.kv_bytes_per_token) == ("bare", None, None)


def _prefixed(whole: bytes) -> bytes:
    return b"<html>" + whole


def _emptied(_: bytes) -> bytes:
    return b""


def _cut(whole: bytes) -> bytes:
    return whole[:60]


def _damaged(whole: bytes) -> bytes:
    return whole[:24] + b"\xff" * 40


def _aged(whole: bytes) -> bytes:
    return whole[:4] + b"\x01\0\0\0" + whole[8:]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(_prefixed, "is no GGUF file", id="another file"),
        pytest.param(_emptied, "is no GGUF file", id="an empty file"),
        pytest.param(_cut, "ends within its head", id="cut"),
        pytest.param(_damaged, "ends within its head", id="damaged"),
        pytest.param(_aged, "of version 1; 2 and 3", id="too old"),
    ],
)
def test_what_is_no_model_is_told(damage: Callable[[bytes], bytes], said: str, tmp_path: Path) -> None:
    file = write_gguf(tmp_path / "a.gguf")
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(NotGGUF, match=said):
        read_gguf(file)


def test_a_missing_file_is_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no model file .*; `fleet models pull URL` fetches one"):
        read_gguf(tmp_path / "none.gguf")
