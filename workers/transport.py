"""Celery's Redis transport, without its own books of what is under way: the jobs' records are those books.

Only what Celery's producers hand in is a message with no record behind it. Such a message is noted in Redis until it is
acknowledged, as kombu does with every message; it comes again if its worker dies.
"""

import time
from collections import OrderedDict
from typing import Any

from kombu.transport import redis, virtual

from ..tasks.queues import SUBMIT_QUEUE
from .celery_worker import is_ending

_LOOK_EVERY_S = 0.2


def _is_the_only_copy(message: Any) -> bool:
    return bool(message.delivery_info["routing_key"] == SUBMIT_QUEUE)


class QoS(redis.QoS):
    """What is unacknowledged, and how much more may be fetched."""

    def append(self, message: Any, delivery_tag: str) -> None:
        if _is_the_only_copy(message):
            super().append(message, delivery_tag)
        else:
            virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        if self._is_noted(delivery_tag):
            super().ack(delivery_tag)
        else:
            virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        if self._is_noted(delivery_tag):
            super().reject(delivery_tag, requeue)
        else:
            virtual.QoS.reject(self, delivery_tag, requeue)

    def restore_unacked(self, client: Any = None) -> None:
        """Put back what is noted when a connection ends. For jobs it would be wrong: they may be running."""
        for tag in [tag for tag in self._unacked if self._is_noted(tag)]:
            self.restore_by_tag(tag, client=client)
        self._unacked.clear()

    def _is_noted(self, delivery_tag: str) -> bool:
        message = self._unacked.get(delivery_tag)
        return message is not None and _is_the_only_copy(message)

    @property
    def _unacked(self) -> OrderedDict[str, Any]:
        assert self._delivered is not None  # for the stubs
        return self._delivered


class Channel(redis.Channel):
    QoS = QoS

    def _restore(self, message: Any, leftmost: bool = False) -> None:
        if _is_the_only_copy(message):
            kombu: Any = super()  # the stubs lack the second parameter
            kombu._restore(message, leftmost)
        else:
            virtual.Channel._restore(self, message)


class Transport(redis.Transport):
    """Connects as soon as Redis is back; Celery would look less often the longer it is away."""

    Channel = Channel

    def establish_connection(self) -> Any:
        while True:
            try:
                return super().establish_connection()
            except self.connection_errors:
                if is_ending():
                    raise
                time.sleep(_LOOK_EVERY_S)
