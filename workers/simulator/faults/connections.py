"""F1, F2: no connection, or one that says nothing."""

from .fault import EVERYTHING, Fault, Sever, Severance

FAULTS = (
    Fault(
        "refuse",
        "F1",
        "nobody listens: connections are refused, open ones reset; over the same port only with for=",
        Sever(Severance.REFUSE),
        hits=EVERYTHING,
    ),
    Fault(
        "connect-hang",
        "F1",
        "the listener's queue is full: connecting hangs until the client gives up; over the same port only with for=",
        Sever(Severance.JAM),
        hits=EVERYTHING,
    ),
    Fault("reset", "F1", "the connection is reset before any answer", Sever(Severance.RESET), hits=EVERYTHING),
    Fault("hang", "F2", "accepts the request and never answers", Sever(Severance.HANG), hits=EVERYTHING),
)
