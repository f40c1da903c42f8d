"""Fetching a GGUF file by its address: gone on with where it was interrupted, under its name only when it is whole."""

import asyncio
import fcntl
import hashlib
import shutil
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urljoin, urlsplit

from ...routing.failure import Failure, Fault
from ...tasks.errors import ConfigurationError
from ..providers.dialect import Call, Reply
from ..providers.endpoint import AttemptFailed, Endpoint, Timeouts
from ..providers.pull_progress import SUCCESS, PullProgress
from ..providers.wire import Opened, Wire
from .digests import note
from .gguf import read_gguf

_TIMES = Timeouts(connect_s=10.0, first_token_s=60.0, idle_s=60.0, total_s=7 * 24 * 3600.0)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_SHA256_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Source:
    """url: of the file. sha256: that it must have, in hexadecimal; None is what the server says of it, if it does."""

    url: str
    sha256: str | None = None

    @property
    def name(self) -> str:
        """What the file is called here. Raises ConfigurationError."""
        name = Path(unquote(urlsplit(self.url).path)).name
        if not name.lower().endswith(".gguf"):
            raise ConfigurationError(f"{self.url} names no .gguf file; llama.cpp reads models in that format only")
        return name


async def download(wire: Wire, source: Source, folder: Path) -> AsyncGenerator[PullProgress]:
    """Fetch a file into a folder. Raises AttemptFailed, ConfigurationError; what has come by then is kept."""
    with _writing(folder):
        async for progress in _into(folder, wire, source):
            yield progress


@contextmanager
def _writing(folder: Path) -> Generator[None]:
    """A disk that is full or read-only is for people to mend. Raises ConfigurationError."""
    try:
        yield
    except OSError as failed:
        raise ConfigurationError(
            f"can't write to {folder}: {failed.strerror or failed}; once that is mended, the same command goes on "
            "where it was, or names another folder with FLEET_MODELS"
        ) from None


async def _into(folder: Path, wire: Wire, source: Source) -> AsyncGenerator[PullProgress]:
    file = folder / source.name
    expected = source.sha256
    if not file.is_file():
        part = _Part(file)
        with part.held() as stream:
            async for progress in _fetched(wire, source, part, stream):
                yield progress
            stream.flush()
            expected = expected or part.digest
            yield PullProgress("verifying", stream.tell(), stream.tell())
            try:
                found = await asyncio.to_thread(_verified, part.file, expected)
            finally:
                part.tag_file.unlink(missing_ok=True)
            part.file.rename(file)
            note(folder, str(folder), file.name, found)
    elif expected is not None and (found := await asyncio.to_thread(_sha256, file)) != expected.lower():
        raise ConfigurationError(
            f"{file} is there already, with the SHA-256 {found}, and {expected} was expected: remove it, or name "
            "another folder with FLEET_MODELS"
        )
    size = file.stat().st_size
    yield PullProgress(SUCCESS, size, size)


class _Part:
    """What has come of a file so far, and which version of it that is: `ETag` and the digest that the server told."""

    def __init__(self, file: Path) -> None:
        self.file = file.with_name(f"{file.name}.part")
        self.tag_file = file.with_name(f"{file.name}.part.etag")

    @property
    def tag(self) -> str:
        return self._told()[0]

    @property
    def digest(self) -> str | None:
        return self._told()[1] or None

    def tell(self, tag: str, digest: str) -> None:
        self.tag_file.write_text(f"{tag}\n{digest}\n", encoding="utf-8")

    def _told(self) -> tuple[str, str]:
        lines = self.tag_file.read_text(encoding="utf-8").split("\n") if self.tag_file.is_file() else []
        return (lines[0], lines[1]) if len(lines) > 1 else ("", "")

    @contextmanager
    def held(self) -> Generator[BinaryIO]:
        """Opened at its end, for nobody else at the same time."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("ab") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ConfigurationError(f"{self.file} is being fetched by another command") from None
            yield stream


async def _fetched(wire: Wire, source: Source, part: _Part, stream: BinaryIO) -> AsyncGenerator[PullProgress]:
    """The rest of the file, or all of it if it is another version by now."""
    url = source.url
    have = stream.tell()
    # Only of the same version: the rest of another would make a file that nobody has ever written.
    asked = {"range": f"bytes={have}-", "if-range": part.tag} if have and part.tag else {}
    async with _answered(wire, url, {"accept-encoding": "identity", **asked}) as (opened, digest):
        total = _total(opened.head, have)
        if opened.head.status == 416 and total == have:
            return
        if opened.head.status != 206:
            stream.seek(stream.truncate(0))
        if opened.head.status not in (200, 206):
            raise AttemptFailed(_refusal(opened.head, url))
        if source.sha256 is not None and digest and digest != source.sha256.lower():
            raise ConfigurationError(f"{url} has the SHA-256 {digest}, as its server says, not {source.sha256}")
        part.tell(opened.head.headers.get("etag", ""), digest)
        _need_room(part.file.parent, total - stream.tell())
        async for piece in opened.pieces:
            opened.limits.answering()
            stream.write(piece)
            yield PullProgress("fetching", stream.tell(), total)
    if total and stream.tell() != total:
        raise AttemptFailed(Failure(Fault.TRANSPORT, f"{stream.tell():,} of {total:,} bytes came"))


@asynccontextmanager
async def _answered(wire: Wire, url: str, headers: dict[str, str]) -> AsyncGenerator[tuple[Opened, str]]:
    """The reply after all redirections, and the SHA-256 that one on the way told, as Hugging Face does."""
    digest = ""
    for _ in range(_MOST_REDIRECTS):
        parts = urlsplit(url)
        endpoint = Endpoint(parts.netloc, "openai_compatible", f"{parts.scheme}://{parts.netloc}")
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        async with wire.opened(endpoint, Call("GET", path, headers=headers), _TIMES) as opened:
            digest = digest or _digest(opened.head)
            if opened.head.status not in _REDIRECTS:
                yield opened, digest
                return
            url = urljoin(url, opened.head.headers.get("location", ""))
    raise AttemptFailed(Failure(Fault.SERVER, f"{url} leads from one address to another without end"))


def _digest(head: Reply) -> str:
    told = head.headers.get("x-linked-etag", "").strip('"').lower()
    return told if len(told) == _SHA256_DIGITS and told.isalnum() else ""


def _total(head: Reply, have: int) -> int:
    """Bytes of the whole file, 0 if the server does not say."""
    _, _, whole = head.headers.get("content-range", "").partition("/")
    if whole.isdigit():
        return int(whole)
    length = head.headers.get("content-length", "")
    return int(length) + (have if head.status == 206 else 0) if length.isdigit() else 0


def _refusal(head: Reply, url: str) -> Failure:
    if head.status == 416:
        return Failure(Fault.TRANSPORT, "it is another file by now, and is fetched from its beginning", status=416)
    fault = Fault.SERVER if head.status >= 500 else Fault.MODEL_NOT_FOUND
    return Failure(fault, f"{url} was answered with status {head.status}", status=head.status)


def _need_room(folder: Path, missing: int) -> None:
    free = shutil.disk_usage(folder).free
    if missing > free:
        raise ConfigurationError(
            f"{folder} has {free / 1e9:.1f} GB free, and {missing / 1e9:.1f} GB are to come: make room, or name "
            "another folder with FLEET_MODELS"
        )


def _verified(file: Path, expected: str | None) -> str:
    """Its SHA-256. A file that is not what it should be is removed: nothing could go on from there."""
    found = _sha256(file)
    try:
        if expected is not None and found != expected.lower():
            name = file.name.removesuffix(".part")
            raise ConfigurationError(f"{name} has the SHA-256 {found}, and {expected} was expected; it is removed")
        read_gguf(file)
    except ConfigurationError:
        file.unlink(missing_ok=True)
        raise
    return found


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
