"""A key that somebody replaces while its pool works."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from workfleet.workers.endpoints import key_file
from workfleet.workers.endpoints.key_file import follow_key
from workfleet.workers.endpoints.upstream import Upstream
from workfleet.workers.providers.sender import Sender

from ..pools import hosted


@pytest.fixture
async def upstream(tmp_path: Path) -> AsyncIterator[Upstream]:
    """Its key is in a file, and was refused."""
    (tmp_path / "key").write_text("old\n")
    settings = hosted("a", api_key=SecretStr("old"), key_file=tmp_path / "key")
    async with Sender(transport=httpx2.MockTransport(lambda _: httpx2.Response(500))) as sender:
        upstream = Upstream.of(settings, settings.endpoints(), sender)
        upstream.lines[0].availability.rejected = "bad key"
        following = asyncio.create_task(follow_key(upstream, every_s=0.001))
        yield upstream
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


def key_of(upstream: Upstream) -> str:
    key = upstream.lines[0].endpoint.api_key
    assert key is not None
    return key.get_secret_value()


async def test_calls_go_on_with_the_new_key_and_the_provider_is_asked_again(upstream: Upstream, tmp_path: Path) -> None:
    told, before = asyncio.Event(), upstream.lines[0].credentials
    upstream.changed = told.set
    (tmp_path / "key").write_text("new\n")
    async with asyncio.timeout(5):
        await told.wait()
    assert (key_of(upstream), upstream.hopeless) == ("new", False)
    assert upstream.lines[0].credentials != before


async def test_a_file_that_is_empty_gone_or_the_same_changes_nothing(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, told = ["old", None, "old", "new", None, "new"], list[str]()

    def read(_: Path) -> str | None:
        return held.pop(0) if held else None

    monkeypatch.setattr(key_file, "read_secret", read)
    upstream.changed = lambda: told.append(key_of(upstream))
    async with asyncio.timeout(5):
        while held:
            await asyncio.sleep(0)
    assert told == ["new"]
