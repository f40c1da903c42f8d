"""A provider that is not there: an HTTP server that speaks the providers' APIs, with their limits and their faults.

`async with Simulator(Settings(latency_s=0.5)) as sim:` in a process, `fleet simulate` outside of it.
"""

from .faults.spec import FaultSpec
from .server import Simulator
from .settings import Settings

__all__ = ["FaultSpec", "Settings", "Simulator"]
