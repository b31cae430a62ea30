"""The screens' way to the services: threads that read and one that changes, each with a context of its own."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
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


class Lane:
    """A thread that reads, one after the other, with a context of its own; both are made when first needed."""

    def __init__(self, name: str, opened: "Callable[[], Context]") -> None:
        self._opened = opened
        self._pool = ThreadPoolExecutor(1, name)
        self._context: Context | None = None

    def read(self, work: "Callable[[Context], T]") -> "Future[T]":
        """What `work` reads; once more, where the connection was gone."""

        def run() -> T:
            if self._context is not None:
                try:
                    return work(self._context)
                except Busy as error:
                    if error.code != GONE:
                        raise
                    self._close()
            self._context = self._opened()
            return work(self._context)

        return self._pool.submit(run)

    def forget(self) -> "Future[None]":
        """Read lists, rights and names of stages anew from here on."""

        def run() -> None:
            if self._context is not None:
                self._context.forget_lists()

        return self._pool.submit(run)

    def let_go(self) -> "Future[None]":
        """Close the context: the next reading connects anew."""
        return self._pool.submit(self._close)

    def end(self) -> None:
        """Wait for what is being read, and let go of the store."""
        self.let_go()
        self._pool.shutdown(wait=True)

    def _close(self) -> None:
        found, self._context = self._context, None
        if found is not None:
            found.close()
            found.store.close()  # also where it is shared: the others connect anew with their next reading


class Desk:
    """Work for the store is a plain function of a Context; it runs off the paint path and hands back plain data."""

    def __init__(self, flags: Mapping[str, object], login: str | None = None, now: str | None = None) -> None:
        self.flags, self.login, self.now = dict(flags), login, now
        self._lists, self._figures = Lane("reader", self._open), Lane("behind", self._open)
        self._asked: Lane | None = None
        self._writer = ThreadPoolExecutor(1, "writer")
        self._waiting = 0
        self._first: Context | None = None
        """The context whose store all others share: what it has compiled takes some megabytes."""
        self._opening = Lock()
        self.own: set[int] = set()
        """The transactions that were made here: what they changed is no news."""

    @property
    def busy(self) -> bool:
        """Whether somebody waits for an answer."""
        return self._waiting > 0

    @property
    def _lanes(self) -> list[Lane]:
        return [lane for lane in (self._lists, self._figures, self._asked) if lane is not None]

    async def _wait(self, answer: "Future[T]") -> T:
        self._waiting += 1
        try:
            return await asyncio.wrap_future(answer)
        finally:
            self._waiting -= 1

    def _open(self, *, dry_run: bool = False) -> "Context":
        from crmtui.services.context import Context

        with self._opening:
            found = Context.open(
                flags=self.flags,
                login=self.login,
                now=self.now,
                dry_run=dry_run,
                beside=self._first,
                frugal=True,
            )
            self._first = self._first or found
        return found

    async def read(self, work: "Callable[[Context], T]") -> T:
        """What `work` reads, in the order asked; once more, where the connection was gone. Raises the CrmError that it raises."""
        return await self._wait(self._lists.read(work))

    async def read_behind(self, work: "Callable[[Context], T]") -> T:
        """As `read`, for what may take long and must not keep lists waiting: figures, sums of everything, counts."""
        return await self._wait(self._figures.read(work))

    async def read_now(self, work: "Callable[[Context], T]") -> T:
        """As `read_behind`, for what somebody asked for and waits for: it stands behind no figures of a screen."""
        if self._asked is None:
            self._asked = Lane("asked", self._open)
        return await self._wait(self._asked.read(work))

    async def change(self, work: "Callable[[Context], T]") -> Done[T]:
        """Let `work` change the store in one context of its own. Raises the CrmError that it raises; then nothing is done."""

        def run() -> Done[T]:
            with self._open() as ctx:
                value = work(ctx)
                if ctx.last_tx:
                    self.own.add(int(ctx.last_tx))
                return Done(value, ctx.last_tx, list(ctx.notes))

        done = await self._wait(self._writer.submit(run))
        await self.forget()
        return done

    async def rehearse(self, work: "Callable[[Context], T]") -> T:
        """What `work` would change, through the same code; nothing of it stays. Readers go on, other changes wait for it."""

        def run() -> T:
            with self._open(dry_run=True) as ctx:
                return work(ctx)

        return await self._wait(self._writer.submit(run))

    async def forget(self) -> None:
        """Let the readers read lists, rights and names of stages anew."""
        done = [lane.forget() for lane in self._lanes]
        await asyncio.wrap_future(done[0])

    async def reopen(self) -> None:
        """Let go of the readers' contexts: the next reading connects anew, with the rights of that moment."""
        for done in [lane.let_go() for lane in self._lanes]:
            await asyncio.wrap_future(done)

    def close(self) -> None:
        """Wait for what is being done, and let go of the store."""
        for lane in self._lanes:
            lane.end()
        self._writer.shutdown(wait=True)
