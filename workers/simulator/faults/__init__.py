"""Every way in which a provider fails, by name; the rows are those of the catalogue in the wire formats' reference.

`fault.py` says what a fault is, the modules named after what they spoil hold them, `catalogue.py` has them all,
`spec.py` how one is switched on, `board.py` which of those that are on strike a request.
"""
