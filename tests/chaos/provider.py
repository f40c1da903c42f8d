"""A simulated provider as a process of its own, which writes down every request: whose, when, and whether answered.

`python -m tests.chaos.provider LOG SETTINGS_JSON [HOST PORT]` prints its address; the port is a free one if not given.
"""

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from workfleet.workers.simulator import Settings, Simulator
from workfleet.workers.simulator.admin import PREFIX

#: Who asks: each worker's configuration sends it.
ASKER_HEADER = "x-chaos-worker"
#: POST with `?for=SECONDS`: each whole answer is sent a second time, unasked, on the same connection.
REPEAT_PATH = "/_chaos/repeat"


class WatchedSimulator(Simulator):
    """log: where a line of JSON is written for each request that has ended."""

    def __init__(self, settings: Settings, log: Path, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(settings, host=host, port=port)
        self._log = log.open("a", buffering=1)
        self._served: dict[str, int] = {}
        self._repeats_until = 0.0

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == REPEAT_PATH:
            self._repeats_until = time.monotonic() + float(request.query["for"])
            return web.Response()
        job_id = request.headers.get("x-request-id")
        if job_id is None or request.path.startswith(PREFIX):
            return await super()._handle(request)
        began, answer = time.monotonic(), ""
        try:
            response = await super()._handle(request)
            answer = response.headers.get("x-request-id", "")
            if began < self._repeats_until and isinstance(response, web.Response):
                await _say_twice(request, response)
            return response
        finally:
            self._write(job_id, request.headers.get(ASKER_HEADER, ""), began, answer)

    def _write(self, job_id: str, worker: str, began: float, answer: str) -> None:
        """Nothing runs between the simulator's counting and this."""
        served = self.stats.served(job_id)
        complete = served > self._served.get(job_id, 0)
        self._served[job_id] = served
        line = {"job": job_id, "worker": worker, "began": began, "ended": time.monotonic(), "complete": complete}
        self._log.write(json.dumps({**line, "answer": answer}) + "\n")

    async def stop(self) -> None:
        await super().stop()
        self._log.close()


async def _say_twice(request: web.BaseRequest, response: web.Response) -> None:
    await response.prepare(request)
    await response.write_eof()
    body = response.body if isinstance(response.body, bytes) else b""
    head = f"HTTP/1.1 {response.status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    if isinstance(request.transport, asyncio.WriteTransport):
        request.transport.write(head.encode() + body)


async def serve(log: Path, settings: dict[str, Any], host: str = "127.0.0.1", port: str = "0") -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with WatchedSimulator(Settings(**settings), log, host=host, port=int(port)) as simulator:
        print(simulator.base_url, flush=True)
        await stopping.wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), json.loads(sys.argv[2]), *sys.argv[3:]))
