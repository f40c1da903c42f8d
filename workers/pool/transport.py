"""Celery's Redis transport, without books of its own of what is under way: the jobs' records are those books."""

import json
import time
from typing import Any, cast

import structlog
from kombu.transport import redis

from .celery_worker import is_ending
from .queue_turns import AlternatesFirst

log = structlog.get_logger()

_LOOK_EVERY_S = 0.2


class Channel(redis.Channel):
    #: A message whose connection was lost is not put back: its job runs, or is given a new message.
    do_restore = False
    queue_order_strategy = f"{AlternatesFirst.__module__}:{AlternatesFirst.__qualname__}"

    _publishing: Any = None

    def _brpop_read(self, **options: Any) -> Any:
        kombu: Any = super()
        try:
            return kombu._brpop_read(**options)
        except ValueError as wrong:
            # Not even JSON. The error would end the worker, and the next one of the same kind the next worker.
            log.error("message.unreadable", error=str(wrong))
            return True

    def _create_client(self, asynchronous: bool = False) -> Any:
        """kombu makes a client of every task event, which costs more than all else that Celery does for a job."""
        if asynchronous:
            return self._made(asynchronous=True)
        if self._publishing is None or self._publishing.connection_pool is not self.pool:
            self._publishing = self._made(asynchronous=False)
        return self._publishing

    def _made(self, *, asynchronous: bool) -> Any:
        kombu: Any = super()
        return kombu._create_client(asynchronous)


class Transport(redis.Transport):
    """Connects as soon as Redis is back; Celery would look less often the longer it is away."""

    Channel = Channel
    #: Seconds until the next look at which queues are open. One that has just been opened is served after so long.
    brpop_timeout: Any = 0.1  # kombu says int; Redis takes fractions since 6.0

    def _deliver(self, message: Any, queue: str | None) -> None:
        kombu, own = cast("Any", super()), cast("Any", self)
        try:
            if queue is not None and queue not in own._callbacks:
                _put_back(own.channels[0], message, queue)
            else:
                kombu._deliver(message, queue)
        except (KeyError, TypeError, AttributeError, ValueError) as wrong:
            log.error("message.unreadable", queue=queue, error=repr(wrong))

    def establish_connection(self) -> Any:
        while True:
            try:
                return super().establish_connection()
            except self.connection_errors:
                if is_ending():
                    raise
                time.sleep(_LOOK_EVERY_S)


def _put_back(channel: Any, message: dict[str, Any], queue: str) -> None:
    """It came just as its queue was closed here: another pool takes it next, as it was."""
    key = channel._q_for_pri(queue, channel._get_message_priority(message))
    with channel.conn_or_acquire() as client:
        client.rpush(key, json.dumps(message, separators=(",", ":")))
