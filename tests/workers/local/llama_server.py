"""Stands in for llama.cpp's server: its command line, a simulated model behind it.

It refuses what the real one refuses: a file that is no GGUF, and an option that it does not know.
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from workfleet.workers.simulator import Settings, Simulator


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="llama-server", allow_abbrev=False)
    parser.add_argument("-m", "--model", type=Path, required=True)
    parser.add_argument("-a", "--alias", required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("-c", "--ctx-size", type=int, default=4096)
    parser.add_argument("-np", "--parallel", type=int, default=1)
    parser.add_argument("-ngl", "--n-gpu-layers", type=int, default=0)
    parser.add_argument("--jinja", action="store_true")
    return parser.parse_args()


async def serve(said: argparse.Namespace) -> None:
    context = said.ctx_size // said.parallel
    settings = Settings(
        flavour="none", models=(said.alias,), strict_models=True, slots=said.parallel, context_tokens=context
    )
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with Simulator(settings, host=said.host, port=said.port):
        print(f"main: server is listening on {said.host}:{said.port}, pid {os.getpid()}", flush=True)
        await stopping.wait()


if __name__ == "__main__":
    said = arguments()
    if said.model.read_bytes()[:4] != b"GGUF":
        sys.exit("gguf_init_from_file: invalid magic characters")
    asyncio.run(serve(said))
