"""Fetching a GGUF file from servers that break off, change their minds, and know ranges or do not."""

import errno
import hashlib
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from workfleet.tasks.errors import ConfigurationError
from workfleet.workers.local import download as module
from workfleet.workers.local.download import Source, download
from workfleet.workers.providers.endpoint import AttemptFailed
from workfleet.workers.providers.http_client import http_client
from workfleet.workers.providers.pull_progress import PullProgress
from workfleet.workers.providers.wire import Wire

from .gguf_files import write_gguf


class Files:
    """Serves one file at /m.gguf, with a redirection to it at /at/m.gguf. ranges: of each request, as it came.

    breaks_at: bytes after which each answer breaks off; 0 is never.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.tag = '"1"'
        self.breaks_at = 0
        self.knows_ranges = True
        self.ranges: list[str | None] = []
        self.linked: dict[str, str] = {}

    async def redirect(self, _request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "../m.gguf", **self.linked})

    async def serve(self, request: web.Request) -> web.StreamResponse:
        asked = request.headers.get("Range")
        self.ranges.append(asked)
        begin = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if not self.knows_ranges or request.headers.get("If-Range", self.tag) != self.tag:
            begin = 0
        response = web.StreamResponse(status=206 if begin else 200, headers={"ETag": self.tag})
        response.content_length = len(self.content) - begin
        if begin:
            response.headers["Content-Range"] = f"bytes {begin}-{len(self.content) - 1}/{len(self.content)}"
        await response.prepare(request)
        end = begin + self.breaks_at if self.breaks_at else len(self.content)
        await response.write(self.content[begin:end])
        if end < len(self.content):
            assert request.transport is not None
            request.transport.close()
        return response


@pytest.fixture
def files(tmp_path: Path) -> Files:
    content = write_gguf(tmp_path / "original").read_bytes() + bytes(1000)
    return Files(content)


@asynccontextmanager
async def served(files: Files) -> AsyncGenerator[tuple[Wire, str]]:
    app = web.Application()
    app.router.add_get("/m.gguf", files.serve)
    app.router.add_get("/at/m.gguf", files.redirect)
    async with TestServer(app) as server, http_client() as client:
        yield Wire(client, max_body_bytes=sys.maxsize), str(server.make_url("")).rstrip("/")


async def fetched(wire: Wire, url: str, folder: Path, sha256: str | None = None) -> list[PullProgress]:
    return [step async for step in download(wire, Source(url, sha256), folder)]


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def test_a_file_comes_whole_and_under_its_name(files: Files, tmp_path: Path) -> None:
    size = len(files.content)
    async with served(files) as (wire, url):
        steps = await fetched(wire, f"{url}/m.gguf", tmp_path / "models", digest(files.content).upper())
    assert steps[-2:] == [PullProgress("verifying", size, size), PullProgress("success", size, size)]
    assert (tmp_path / "models" / "m.gguf").read_bytes() == files.content
    assert names(tmp_path / "models") == ["digests.json", "m.gguf"]


async def test_what_is_there_is_not_fetched_again(files: Files, tmp_path: Path) -> None:
    async with served(files) as (wire, url):
        await fetched(wire, f"{url}/m.gguf", tmp_path / "models")
        steps = await fetched(wire, f"{url}/m.gguf", tmp_path / "models", digest(files.content))
    assert [step.status for step in steps] == ["success"]
    assert files.ranges == [None]


async def test_an_interrupted_fetch_goes_on_where_it_was(files: Files, tmp_path: Path) -> None:
    files.breaks_at = 500
    async with served(files) as (wire, url):
        with pytest.raises(AttemptFailed):
            await fetched(wire, f"{url}/m.gguf", tmp_path / "models")
        assert "m.gguf" not in names(tmp_path / "models")
        have = (tmp_path / "models" / "m.gguf.part").stat().st_size
        files.breaks_at = 0
        await fetched(wire, f"{url}/m.gguf", tmp_path / "models")
    assert 0 < have <= 500
    assert files.ranges == [None, f"bytes={have}-"]
    assert (tmp_path / "models" / "m.gguf").read_bytes() == files.content


@pytest.mark.parametrize("why", ["another version", "a server without ranges"])
async def test_where_it_cannot_go_on_it_begins_again(why: str, files: Files, tmp_path: Path) -> None:
    files.breaks_at = 500
    async with served(files) as (wire, url):
        with pytest.raises(AttemptFailed):
            await fetched(wire, f"{url}/m.gguf", tmp_path / "models")
        files.breaks_at = 0
        if why == "another version":
            files.tag, files.content = '"2"', files.content[:-900] + b"x" * 900
        else:
            files.knows_ranges = False
        await fetched(wire, f"{url}/m.gguf", tmp_path / "models")
    assert (tmp_path / "models" / "m.gguf").read_bytes() == files.content


async def test_the_digest_that_a_redirection_tells_is_checked(files: Files, tmp_path: Path) -> None:
    files.linked = {"X-Linked-ETag": f'"{digest(b"something else")}"'}
    async with served(files) as (wire, url):
        with pytest.raises(ConfigurationError, match=f"{digest(files.content)}, and {digest(b'something else')} was"):
            await fetched(wire, f"{url}/at/m.gguf", tmp_path / "models")
        assert "m.gguf" not in names(tmp_path / "models")
        files.linked = {"X-Linked-ETag": f'"{digest(files.content)}"'}
        await fetched(wire, f"{url}/at/m.gguf", tmp_path / "models")
    assert (tmp_path / "models" / "m.gguf").read_bytes() == files.content


async def test_a_checksum_that_the_server_contradicts_is_refused_before_anything_is_fetched(
    files: Files, tmp_path: Path
) -> None:
    files.linked = {"X-Linked-ETag": f'"{digest(files.content)}"'}
    async with served(files) as (wire, url):
        with pytest.raises(ConfigurationError, match=f"as its server says, not {'0' * 64}"):
            await fetched(wire, f"{url}/at/m.gguf", tmp_path / "models", "0" * 64)
    assert [file.stat().st_size for file in (tmp_path / "models").iterdir()] == [0]


async def test_a_file_that_is_there_already_is_never_removed(files: Files, tmp_path: Path) -> None:
    file = tmp_path / "m.gguf"
    file.write_bytes(files.content)
    async with served(files) as (wire, url):
        with pytest.raises(ConfigurationError, match=f"is there already, with the SHA-256 {digest(files.content)}"):
            await fetched(wire, f"{url}/m.gguf", tmp_path, "0" * 64)
    assert (file.read_bytes(), files.ranges) == (files.content, [])


async def test_a_disk_that_fills_up_is_told_in_words_and_what_has_come_is_kept(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: Path, _expected: str | None) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "_verified", full)
        async with served(files) as (wire, url):
            with pytest.raises(ConfigurationError, match=r"can't write to .*: No space left on device; once that is"):
                await fetched(wire, f"{url}/m.gguf", tmp_path)
    assert (tmp_path / "m.gguf.part").read_bytes() == files.content


async def test_what_is_no_model_is_not_kept(files: Files, tmp_path: Path) -> None:
    files.content = b"<html>log in first</html>"
    async with served(files) as (wire, url):
        with pytest.raises(ConfigurationError, match="is no GGUF file"):
            await fetched(wire, f"{url}/m.gguf", tmp_path / "models")
    assert names(tmp_path / "models") == []


async def test_two_commands_do_not_write_one_file(files: Files, tmp_path: Path) -> None:
    async with served(files) as (wire, url):
        first = download(wire, Source(f"{url}/m.gguf"), tmp_path / "models")
        await anext(first)
        with pytest.raises(ConfigurationError, match="is being fetched by another command"):
            await fetched(wire, f"{url}/m.gguf", tmp_path / "models")
        await first.aclose()


async def test_a_file_that_is_not_there_is_told_with_its_address(files: Files, tmp_path: Path) -> None:
    async with served(files) as (wire, url):
        with pytest.raises(AttemptFailed, match=r"other\.gguf was answered with status 404"):
            await fetched(wire, f"{url}/other.gguf", tmp_path / "models")


def test_only_a_gguf_file_is_fetched() -> None:
    with pytest.raises(ConfigurationError, match=r"names no \.gguf file"):
        _ = Source("https://huggingface.co/Qwen/Qwen2.5-0.5B-Instruct").name
