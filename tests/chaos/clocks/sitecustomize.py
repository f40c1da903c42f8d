"""Python imports this at its start where this folder is on its path: the wall clock of the process is then wrong."""

import os
import time

_SKEW_S = float(os.environ["CHAOS_SKEW_S"])
_time, _time_ns = time.time, time.time_ns

time.time = lambda: _time() + _SKEW_S
time.time_ns = lambda: _time_ns() + int(_SKEW_S * 1e9)
