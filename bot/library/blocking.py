"""The same library for programs without an event loop: each call waits for its result.

A thread of its own runs the loop, so that this works inside of notebooks and web frameworks that have one running.
"""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from bot.images import Kind
from bot.library.atelier import Atelier
from bot.models import ImageModel

P = ParamSpec("P")
T = TypeVar("T")


def _waits(
    method: Callable[Concatenate[Atelier, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[BlockingAtelier, P], T]:
    @functools.wraps(method)
    def wait(self: BlockingAtelier, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.wait_for(method(self.atelier, *args, **kwargs))

    return wait


class BlockingAtelier:
    """`with BlockingAtelier() as atelier: atelier.generate("a fox").picture.save("fox.png")`, else as `Atelier`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.atelier = Atelier(*args, **kwargs)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="atelier", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.wait_for(self.atelier.open())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.wait_for(self.atelier.close())
        finally:
            self._stop()

    def wait_for(self, work: Coroutine[Any, Any, T]) -> T:
        """Its result; an interrupt (Ctrl-C) cancels the work, waits until that is done, and goes on up."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def models(self, kind: Kind | None = None) -> list[ImageModel]:
        """As `Atelier.models`."""
        return self.atelier.models(kind)

    def styles(self) -> list[str]:
        """As `Atelier.styles`."""
        return self.atelier.styles()

    generate = _waits(Atelier.generate)
    edit = _waits(Atelier.edit)
    variations = _waits(Atelier.variations)
    scene_variations = _waits(Atelier.scene_variations)
    upscale = _waits(Atelier.upscale)
    describe = _waits(Atelier.describe)
    batch = _waits(Atelier.batch)
    compare = _waits(Atelier.compare)
    illustrate = _waits(Atelier.illustrate)
    history = _waits(Atelier.history)
    show = _waits(Atelier.show)
    usage = _waits(Atelier.usage)
