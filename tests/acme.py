"""The package that docs/providers.md shows, installed as packages are, and the company whose API it speaks."""

import json
import re
import tomllib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

PAGE = Path(__file__).parents[1] / "docs" / "providers.md"
KEY = "acme-key-of-a-test"


def block(language: str) -> str:
    """The first block of the page in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None, f"{PAGE.name} has no {language}"
    return found[1]


def install(
    folder: Path, module: str, entry_points: Mapping[str, Mapping[str, str]], *, name: str = "", version: str = "1.0"
) -> None:
    """A package as it lies in `site-packages`. entry_points: group -> name -> what. module: its code."""
    first = next(value for group in entry_points.values() for value in group.values())
    file, name = first.partition(":")[0], name or first.partition(":")[0]
    (folder / f"{file}.py").write_text(module)
    about = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = [
        "\n".join([f"[{group}]", *(f"{one} = {value}" for one, value in named.items())])
        for group, named in entry_points.items()
    ]
    (about / "entry_points.txt").write_text("\n".join(groups) + "\n")


def install_acme(folder: Path) -> None:
    project = tomllib.loads(block("toml"))["project"]
    install(folder, block("python"), project["entry-points"], name=project["name"], version=project["version"])


@dataclass
class Acme:
    """The server. problem: what it answers to every question, if anything. asked: the bodies that came."""

    url: str = ""
    problem: tuple[int, str] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refused: int = 0

    async def generate(self, request: web.Request) -> web.StreamResponse:
        body = await self._read(request)
        if self.problem is not None:
            status, word = self.problem
            return web.json_response({"problem": word}, status=status, headers={"retry-after": "7"})
        said = f"{body['turns'][-1]['says']}, {body.get('tone', 'loud')}"
        end = {"why": "end", "tokens": {"in": 1000, "out": 2000}}
        if not body["live"]:
            return web.json_response({"said": said, **end})
        reply = web.StreamResponse(headers={"content-type": "application/x-ndjson"})
        await reply.prepare(request)
        for line in (*({"piece": piece} for piece in re.findall(r"\S+\s*", said)), end):
            await reply.write(json.dumps(line).encode() + b"\n")
        return reply

    async def vectors(self, request: web.Request) -> web.Response:
        body = await self._read(request)
        vectors = [[float(len(text)), 0.5] for text in body["texts"]]
        return web.json_response({"vectors": vectors, "tokens": {"in": 3, "out": 0}})

    async def engines(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"engines": [{"name": "anvil-2", "window": 32_000}]})

    async def health(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"version": "4"})

    async def _read(self, request: web.Request) -> dict[str, Any]:
        self._check(request)
        body: dict[str, Any] = await request.json()
        self.asked.append(body)
        return body

    def _check(self, request: web.Request) -> None:
        if request.headers.get("x-acme-key") != KEY:
            self.refused += 1
            raise web.HTTPUnauthorized(text='{"problem": "who-are-you"}', content_type="application/json")


@asynccontextmanager
async def acme() -> AsyncGenerator[Acme]:
    """The company, on a port of this machine."""
    company = Acme()
    app = web.Application()
    app.add_routes(
        [
            web.post("/generate", company.generate),
            web.post("/vectors", company.vectors),
            web.get("/engines", company.engines),
            web.get("/health", company.health),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        company.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield company
    finally:
        await runner.cleanup()
