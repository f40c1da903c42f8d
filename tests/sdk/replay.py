"""A server on the loopback that answers with what was recorded, byte for byte, whatever it is asked."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Replay:
    """play: what the next call is answered with."""

    def __init__(self) -> None:
        self.status = 200
        self.content_type = "application/json"
        self.body = b"{}"

    def play(self, exchange: Mapping[str, Any]) -> None:
        response = exchange["response"]
        self.body = (response if isinstance(response, str) else json.dumps(response)).encode()
        self.status = exchange["status"]
        self.content_type = exchange["response_headers"].get("content-type", "application/json")


@contextmanager
def served(replay: Replay) -> Generator[str]:
    """The URL that it is served at."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(replay.status)
            self.send_header("content-type", replay.content_type)
            self.send_header("content-length", str(len(replay.body)))
            self.end_headers()
            self.wfile.write(replay.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
