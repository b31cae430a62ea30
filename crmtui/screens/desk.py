"""The screens' way to the services: one thread reads and one changes, each with a context of its own."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from crmtui.errors import Busy

if TYPE_CHECKING:
    from crmtui.services.context import Context

T = TypeVar("T")
GONE = "store.unreachable"
"""The error of a connection that ended: the server may be there again."""


@dataclass(frozen=True)
class Done(Generic[T]):
    """What a change gave back, the transaction that made it (None when nothing changed), and what was remarked."""

    value: T
    tx: str | None
    notes: list[str] = field(default_factory=list)


class Desk:
    """Work for the store is a plain function of a Context; it runs off the paint path and hands back plain data."""

    def __init__(self, flags: Mapping[str, object], login: str | None = None, now: str | None = None) -> None:
        self.flags, self.login, self.now = dict(flags), login, now
        self._reader = ThreadPoolExecutor(1, "reader")
        self._writer = ThreadPoolExecutor(1, "writer")
        self._reading: Context | None = None
        self._behind = ThreadPoolExecutor(1, "behind")
        self._reading_behind: Context | None = None
        self._waiting = 0
        self.own: set[int] = set()
        """The transactions that were made here: what they changed is no news."""

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return self._waiting > 0

    async def _ask(self, pool: ThreadPoolExecutor, run: Callable[[], T]) -> T:
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, run)
        finally:
            self._waiting -= 1

    def _open(self, *, dry_run: bool = False) -> "Context":
        from crmtui.services.context import Context

        return Context.open(flags=self.flags, login=self.login, now=self.now, dry_run=dry_run)

    async def read(self, work: "Callable[[Context], T]") -> T:
        """What `work` reads, in the order asked; once more, where the connection was gone. Raises the CrmError that it raises."""

        def run() -> T:
            if self._reading is not None:
                try:
                    return work(self._reading)
                except Busy as error:
                    if error.code != GONE:
                        raise
                    self._close_reading()
            self._reading = self._open()
            return work(self._reading)

        return await self._ask(self._reader, run)

    async def read_behind(self, work: "Callable[[Context], T]") -> T:
        """As `read`, for what may take long and must not keep lists waiting: sums of everything, counts, searches."""

        def run() -> T:
            if self._reading_behind is not None:
                try:
                    return work(self._reading_behind)
                except Busy as error:
                    if error.code != GONE:
                        raise
                    self._close_behind()
            self._reading_behind = self._open()
            return work(self._reading_behind)

        return await self._ask(self._behind, run)

    async def change(self, work: "Callable[[Context], T]") -> Done[T]:
        """Let `work` change the store in one context of its own. Raises the CrmError that it raises; then nothing is done."""

        def run() -> Done[T]:
            with self._open() as ctx:
                value = work(ctx)
                if ctx.last_tx:
                    self.own.add(int(ctx.last_tx))
                return Done(value, ctx.last_tx, list(ctx.notes))

        done = await self._ask(self._writer, run)
        await self.forget()
        return done

    async def rehearse(self, work: "Callable[[Context], T]") -> T:
        """What `work` would change, through the same code; nothing of it stays. Readers go on, other changes wait for it."""

        def run() -> T:
            with self._open(dry_run=True) as ctx:
                return work(ctx)

        return await self._ask(self._writer, run)

    async def forget(self) -> None:
        """Let the readers read lists, rights and names of stages anew."""

        def first() -> None:
            if self._reading is not None:
                self._reading.forget_lists()

        def second() -> None:
            if self._reading_behind is not None:
                self._reading_behind.forget_lists()

        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._reader, first)
        self._behind.submit(second)

    async def reopen(self) -> None:
        """Let go of the readers' contexts: the next reading connects anew, with the rights of that moment."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._reader, self._close_reading)
        await loop.run_in_executor(self._behind, self._close_behind)

    def _close_reading(self) -> None:
        found, self._reading = self._reading, None
        if found is not None:
            found.close()

    def _close_behind(self) -> None:
        found, self._reading_behind = self._reading_behind, None
        if found is not None:
            found.close()

    def close(self) -> None:
        """Wait for what is being done, and let go of the store."""
        for pool, last in ((self._reader, self._close_reading), (self._behind, self._close_behind)):
            pool.submit(last)
            pool.shutdown(wait=True)
        self._writer.shutdown(wait=True)
