"""Replaces itself by a command that ends with its parent, however the parent dies (Linux).

Run as a script, so that it starts in a few milliseconds and imports nothing of ours:
`python -I -S tether.py PARENT_PID COMMAND ARGUMENT…`. The kernel keeps the request over `exec`. A hook between fork and
exec would do the same, but may deadlock in a process with threads.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit("the parent died first")
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as failed:
        print(f"cannot run {command[0]}: {failed.strerror}", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
