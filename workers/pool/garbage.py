"""Python's garbage collector, kept from halting a pool's calls."""

import gc

#: Containers made beyond those freed, until the youngest are looked at; Python's own number is made for scripts.
_YOUNG = 10_000


def spare() -> None:
    """Never again look at what lives by now: the libraries of a worker alone take 100 ms, and all calls wait.

    Call it once everything is imported and set up. What is made later is collected as ever.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
