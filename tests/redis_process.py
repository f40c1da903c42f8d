"""Redis servers that end with the test process, however it dies (on Linux): a run that is killed leaves none behind."""

import shlex
from collections.abc import Generator
from contextlib import contextmanager

from workfleet.workers.embedded.binary import find_server
from workfleet.workers.embedded.config import ServerConfig
from workfleet.workers.embedded.process import end, launch, reap, wait_until_ready
from workfleet.workers.supervision.child import tethered

_READY_WITHIN_S = 20
_ENDS_WITHIN_S = 10


def start_redis(config: ServerConfig) -> int:
    """Start a server, and return its process id; it may not answer yet."""
    program = config.folder / "redis-server"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(tethered(str(find_server())))} "$@"\n')
    program.chmod(0o700)
    return launch(program, config)


@contextmanager
def running_redis(config: ServerConfig) -> Generator[int]:
    """A server that answers, by its process id, until the block ends."""
    server = start_redis(config)
    try:
        wait_until_ready(config, within_s=_READY_WITHIN_S)
        yield server
    finally:
        end(config, within_s=_ENDS_WITHIN_S)
        reap(server)
