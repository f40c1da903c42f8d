"""Another project's Celery application, which imports nothing of ours."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import Celery

from .fleet import WITHIN_S


class Foreign:
    """Another project's application. What Celery keeps for a caller belongs to one thread of the caller's."""

    def __init__(self, redis_url: str) -> None:
        self.app = Celery("theirs", broker=redis_url, backend=redis_url, set_as_current=False)
        self._thread = ThreadPoolExecutor(1)

    def job(self, prompt: str, **fields: Any) -> Any:
        spec = {"request": {"messages": [{"role": "user", "content": prompt}]}, **fields}
        return self.app.signature("workfleet.submit", kwargs=spec, queue="workfleet.submit")

    async def do(self, call: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def start(self, canvas: Any) -> Any:
        return await self.do(canvas.apply_async)

    async def value(self, result: Any) -> Any:
        """What the result gives, or the error that it raises."""

        def get() -> Any:
            try:
                return result.get(timeout=WITHIN_S)
            except Exception as error:
                return error

        return await self.do(get)

    async def run(self, canvas: Any) -> Any:
        return await self.value(await self.start(canvas))

    async def close(self) -> None:
        await self.do(self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        backend: Any = self.app.backend
        backend.result_consumer.stop()
        # Results that are collected later would connect again, to unsubscribe.
        backend.result_consumer.subscribed_to.clear()
        backend.client.close()
        self.app.close()
