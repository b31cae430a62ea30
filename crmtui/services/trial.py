"""An import that is watched: checked first, loaded then; stopped between batches, with rows mended by hand."""

import csv
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, select

from crmtui.errors import CrmError, Refused
from crmtui.i18n import N_
from crmtui.services import derived, mapping_text, reversal, transfer
from crmtui.services.assignment import REJECT_COLUMNS
from crmtui.services.context import Context
from crmtui.services.mapping import Mapping as Plan
from crmtui.services.rejects import Rejects
from crmtui.services.transfer import Fate
from crmtui.store.journal import Entry
from crmtui.text import csv_cell

KEPT = 5000
"""So many rows of each fate are kept to be looked at."""
FATES = ("created", "updated", "unchanged", "skipped", "rejected")


@dataclass(frozen=True)
class Order:
    """What is to be imported, and how."""

    path: str
    noun: str
    plan: Plan
    header: Sequence[str]
    options: Mapping[str, Any] = field(default_factory=dict)
    """encoding, sheet and delimiter, as far as somebody said."""
    mended: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Rows that take the place of rejected ones, by their line."""
    rejects: str = ""
    """The file for the rows that a load rejects; empty: none."""


class Job:
    """How far a check or a load has come; read by whoever shows it, while another thread does the work."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.rows = self.read = self.total = 0
        self.stopping = False

    def stop(self) -> None:
        """Ask for an end after the batch under way."""
        self.stopping = True

    def tell(self, read: int, total: int, rows: int) -> None:
        """The import's progress. Raises Refused `import.stopped` when it was asked to stop."""
        over = read >= total and rows == self.rows
        self.read, self.total, self.rows = read, total, rows
        if self.stopping and not over:
            raise Refused("import.stopped", N_("Stopped."))

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.begun

    @property
    def rate(self) -> float:
        """Rows in a second."""
        return self.rows / max(self.seconds, 0.001)

    @property
    def share(self) -> float:
        """How much of the file is read, from 0 to 1."""
        return min(self.read / self.total, 1.0) if self.total else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that it will take still; None while that is anybody's guess."""
        return self.seconds * (1 - self.share) / self.share if 0 < self.share < 1 else None


@dataclass
class Outcome:
    """What became of the rows so far: counts by fate, the first rows of each, what else was made, and why it ended."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FATES, 0))
    rows: dict[str, list[Fate]] = field(default_factory=lambda: {name: [] for name in FATES})
    others: dict[str, int] = field(default_factory=dict)
    tx: str | None = None
    error: CrmError | None = None
    """Why a load ended before its end; what it had done by then stays."""
    rejects_path: str | None = None

    @property
    def read(self) -> int:
        """All rows."""
        return sum(self.counts.values())

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it."""
        return self.error is not None and self.error.code == "import.stopped"

    @property
    def first(self) -> str:
        """The fate that one wants to see first: rejected, if there is any."""
        order = ("rejected", *FATES)
        return next((name for name in order if self.counts[name]), "rejected")

    def after(self, before: "Outcome") -> "Outcome":
        """Both together, where this one went on with the same file after `before` had been stopped."""
        done = before.counts["created"] + before.counts["updated"]
        counts = dict(self.counts)
        for name in ("created", "updated"):
            counts[name] += before.counts[name]
        for name in ("unchanged", "skipped"):
            less = min(done, counts[name])
            counts[name] -= less
            done -= less
        rows = {name: (before.rows[name] + self.rows[name])[:KEPT] for name in ("created", "updated")}
        others = {
            name: self.others.get(name, 0) + before.others.get(name, 0)
            for name in {**before.others, **self.others}
        }
        return replace(self, counts=counts, rows={**self.rows, **rows}, others=others)

    def take(self, fates: Sequence[Fate]) -> None:
        """Count these."""
        for fate in fates:
            self.counts[fate.what] += 1
            if len(self.rows[fate.what]) < KEPT:
                self.rows[fate.what].append(fate)


def check(ctx: Context, order: Order, job: Job) -> Outcome:
    """What a load would do; `ctx` is one of a dry run. Raises what an import raises, and Refused when stopped."""
    assert ctx.dry_run
    found = Outcome()
    _run(ctx, order, job, found, None)
    return found


def load(ctx: Context, order: Order, job: Job) -> Outcome:
    """Import. What goes wrong on the way stands in the outcome, for finished batches stay; raises what comes before them."""
    found = Outcome()
    with ExitStack() as stack:
        rejects = (
            stack.enter_context(Rejects(order.rejects, [*map(str, order.header)])) if order.rejects else None
        )
        try:
            _run(ctx, order, job, found, rejects)
        except CrmError as error:
            if ctx.last_tx is None and error.code != "import.stopped":
                raise
            found.error, found.tx = error, ctx.last_tx
            if error.code == "import.stopped":
                derived.catch_up(ctx)
        if rejects is not None and rejects.rows:
            found.rejects_path = str(rejects.path)
    return found


def _run(ctx: Context, order: Order, job: Job, found: Outcome, rejects: Rejects | None) -> None:
    again: dict[int, Sequence[str]] = {}

    def told(fates: Sequence[Fate]) -> None:
        kept = []
        for fate in fates:
            if fate.what == "rejected" and fate.line in order.mended and fate.line not in again:
                again[fate.line] = order.mended[fate.line]
            else:
                kept.append(fate)
        _note(found, kept, rejects)

    with tempfile.TemporaryDirectory(prefix="crm-import-") as folder:
        plan = os.path.join(folder, "mapping.toml")
        mapping_text.save(order.plan, plan)
        summary = transfer.run(
            ctx, order.noun, order.path, mapping=plan, progress=job.tell, told=told, **order.options
        )
        others = dict(summary.created_others)
        if again:
            mended = _written(folder, order, again)
            second = transfer.run(
                ctx,
                order.noun,
                mended,
                mapping=plan,
                told=lambda fates: _note(found, list(map(_of_line, fates)), rejects),
            )
            for noun, count in second.created_others.items():
                others[noun] = others.get(noun, 0) + count
    found.others, found.tx = others, ctx.last_tx


def _note(found: Outcome, fates: Sequence[Fate], rejects: Rejects | None) -> None:
    found.take(fates)
    if rejects is not None:
        for fate in fates:
            if fate.error is not None:
                rejects.write(fate.line, fate.cells, fate.error)
        rejects.flush()


# -- rows mended by hand ----------------------------------------------------------------------------------------


def _written(folder: str, order: Order, rows: Mapping[int, Sequence[str]]) -> str:
    """A file with these rows, each followed by its line in the file that it comes from."""
    path = os.path.join(folder, "mended.csv")
    header = order.header
    with open(path, "x", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*map(csv_cell, header), REJECT_COLUMNS[0]])
        for line, cells in rows.items():
            own = [*cells[: len(header)], *[""] * (len(header) - len(cells))]
            writer.writerow([*map(csv_cell, own), line])
    return path


def _of_line(fate: Fate) -> Fate:
    """The fate of a mended row as one of the row that it takes the place of."""
    return Fate(fate.what, int(fate.cells[-1]), fate.cells[:-1], fate.ref, fate.error)


def mend(ctx: Context, order: Order, line: int, cells: Sequence[str]) -> Fate | None:
    """What would become of the row at `line` if it were `cells`; `ctx` is one of a dry run. None for an empty row."""
    assert ctx.dry_run
    found: list[Fate] = []
    with _alone(order, {line: cells}) as (path, plan):
        transfer.run(ctx, order.noun, path, mapping=plan, told=found.extend)
    return _of_line(found[0]) if found else None


@contextmanager
def _alone(order: Order, rows: Mapping[int, Sequence[str]]) -> Iterator[tuple[str, str]]:
    with tempfile.TemporaryDirectory(prefix="crm-import-") as folder:
        plan = os.path.join(folder, "mapping.toml")
        mapping_text.save(order.plan, plan)
        yield _written(folder, order, rows), plan


# -- afterwards -------------------------------------------------------------------------------------------------


def take_back(ctx: Context, transactions: Sequence[str]) -> int:
    """Take back an import, which has several transactions where it was stopped and gone on with; how many it had.

    Raises as `reversal.undo`.
    """
    for tx in reversed(transactions):
        reversal.undo(ctx, tx)
    return len(transactions)


def condition(ctx: Context, noun: str, transactions: Sequence[str], op: str) -> str:
    """The condition that finds the records of `noun` which these transactions made (`insert`) or changed (`update`)."""
    entry: Any = Entry
    query = (
        select(entry.record)
        .where(entry.tx.in_([int(one) for one in transactions]), entry.noun == noun, entry.op == op)
        .distinct()
        .order_by(entry.record)
    )
    with ctx.reading() as tx:
        count = tx.session.scalar(select(func.count()).select_from(query.subquery())) or 0
        if count > _NAMED:
            first = tx.session.scalar(query.limit(1))
            last = tx.session.scalar(query.offset(count - 1).limit(1))
            return f"id >= {first} and id <= {last}"
        ids = [str(record) for record in tx.session.scalars(query)]
    return f"id in ({', '.join(ids)})" if ids else "id = 0"


_NAMED = 500
"""So many records are named one by one; of more the first and the last."""
