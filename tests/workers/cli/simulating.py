"""A simulator as people start it, in a process of its own."""

import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

COMMAND = [sys.executable, "-m", "workfleet.workers.simulator", "--port", "0"]


@contextmanager
def running(*options: str) -> Generator[tuple[str, "subprocess.Popen[str]"]]:
    """A simulator of its own, and its URL as it prints it."""
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+\n", line)
            yield line.split()[-1], process
        finally:
            process.kill()
