"""The store at earlier moments, after a long random life: equal to what was there then; and the proof of the journal."""

import random
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from crmtui.errors import Refused
from crmtui.services import records, reversal, setup
from crmtui.services.context import Context
from crmtui.store import past, session, unfolding
from crmtui.store.journal import journalled
from crmtui.store.record import table
from tests.conftest import COMPANY

WORDS = (
    "Acme",
    "O'Brien",
    'say "hi"',
    "back\\slash",
    "北京星河",
    "naïve",
    "\u202eevil",
    "a,b;c",
    "{}",
    "100%",
    "$.x",
)
STEPS = 36


@pytest.fixture(params=["sqlite", "standard library's sqlite", "postgresql"])
def alive(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Context]:
    """A new store whose clock is the real one: direct writes are stamped by the database itself."""
    if request.param.startswith("standard"):
        monkeypatch.setattr(session, "sqlite_module", lambda: sqlite3)
    if request.param != "postgresql":
        with setup.init({"db": f"sqlite:///{tmp_path}/crm.db"}, COMPANY) as ctx:
            yield ctx
        return
    server, name = request.getfixturevalue("pg_server"), f"life_{uuid.uuid4().hex}"
    server.create_database(name)
    with setup.init({"db": server.url(name)}, COMPANY) as ctx:
        yield ctx
    server.drop_database(name)


class Life:
    """Random changes of every kind, one step at a time."""

    def __init__(self, ctx: Context, seed: int) -> None:
        self.ctx, self.random = ctx, random.Random(seed)
        self.transactions: list[str] = []
        self.done: Counter[str] = Counter()
        self.bag: list[Callable[[], None]] = []

    def step(self) -> None:
        kind = self.next_kind()
        self.ctx.last_tx = None
        with suppress(Refused):
            kind()
            self.done[kind.__name__] += 1
        if self.ctx.last_tx:
            self.transactions.append(self.ctx.last_tx)

    def next_kind(self) -> Callable[[], None]:
        """Every kind in turn, in an order that is another each round."""
        if not self.bag:
            self.bag = [
                *([self.add] * 4), *([self.edit] * 3), *([self.undo] * 4), self.direct, self.direct,
                self.many, self.bulk, self.archive, self.delete, self.tree,
            ]  # fmt: skip
            self.random.shuffle(self.bag)
        return self.bag.pop()

    def word(self) -> str:
        return f"{self.random.choice(WORDS)} {self.random.randrange(1000)}"

    def some(self, noun: str) -> str | None:
        with self.ctx.reading() as tx:
            ids = list(tx.session.scalars(select(table(noun).id)))
        return str(self.random.choice(ids)) if ids else None

    def add(self) -> None:
        account = self.some("account")
        nouns = ("account", "contact", "lead", "opp", "product") if account else ("account", "product")
        noun = self.random.choice(nouns)
        given: dict[str, object] = {"name": self.word()} if noun != "lead" else {"company": self.word()}
        if noun in ("contact", "opp"):
            given["account"] = account
        if noun == "opp":
            given |= {"amount": "12.30", "expected_close_on": "2030-01-31", "note": f"line\n\t{self.word()}"}
        records.add(self.ctx, noun, given)

    def many(self) -> None:
        """As an import does: many new rows and overwritten ones in one transaction."""
        with self.ctx.transaction("account.import") as tx:
            account = table("account")
            tx.session.add_all(account(name=self.word(), tags=["a", "b'"]) for _ in range(5))
            for row in tx.session.scalars(select(account).limit(3)):
                row.note, row.archived_at = self.word(), None

    def edit(self) -> None:
        noun = self.random.choice(("account", "contact", "lead", "opp", "product"))
        ref = self.some(noun)
        if ref:
            label = "company" if noun == "lead" else "name"
            field = self.random.choice((label, "note", "tags", "owner"))
            value = {"tags": "x,y", "owner": self.random.choice(("me", ""))}.get(field, self.word())
            records.edit(self.ctx, noun, ref, {field: value})

    def bulk(self) -> None:
        records.edit_where(self.ctx, "account", "", {"note": self.random.choice(("", "bulk"))})

    def archive(self) -> None:
        ref = self.some("account")
        if ref:
            self.random.choice((records.archive, records.restore))(self.ctx, "account", ref)

    def delete(self) -> None:
        ref = self.some("lead")
        if ref:
            with self.ctx.transaction("lead.edit", force=True) as tx:
                tx.session.delete(tx.session.get(table("lead"), int(ref)))

    def tree(self) -> None:
        """A department and its head, who point at each other."""
        with self.ctx.transaction("dept.add") as tx:
            dept = tx.add(table("dept")(name=self.word()))
            head = tx.add(table("user")(login=uuid.uuid4().hex, name="Head", dept_id=dept.id, role_id=1))
            dept.head_id = head.id

    def direct(self) -> None:
        """Past the program; on SQLite the database's own stamp knows milliseconds only."""
        time.sleep(0.002)
        ref = self.some("account") or "0"
        statements = (
            f"UPDATE account SET note = 'say \"\\'' || chr_(10) || chr_(1), version = version WHERE id = {ref}",
            "INSERT INTO competitor (name, version) VALUES ('direct', 1)",
            "DELETE FROM competitor WHERE name = 'direct'",
            "UPDATE competitor SET id = id",
        )
        chosen = self.random.choice(statements).replace("\\'", "''")
        chosen = chosen.replace("chr_", "char" if self.ctx.store.sqlite else "chr")
        with self.ctx.store.engine.execution_options(write=True).begin() as connection:
            connection.execute(text(chosen))
        time.sleep(0.002)

    def undo(self) -> None:
        if self.transactions:
            near = self.transactions[-8:]
            reversal.undo(self.ctx, self.random.choice(near))


def rows_now(ctx: Context) -> unfolding.Rows:
    with ctx.reading() as tx:
        return unfolding.rows(tx)


def rows_at(ctx: Context, moment: datetime, today: unfolding.Rows) -> unfolding.Rows:
    with ctx.reading() as tx:
        found = {}
        for of in journalled():
            then = past.at(tx, of.name, moment)
            if then is of:
                found[of.name] = today[of.name]
                continue
            result = tx.session.connection().execute(select(*(then.c[column.name] for column in of.columns)))
            found[of.name] = {row["id"]: dict(row) for row in result.mappings()}
        return found


def differences(one: unfolding.Rows, other: unfolding.Rows) -> list[Any]:
    return [
        (noun, record, one[noun].get(record), other[noun].get(record))
        for noun in one
        for record in sorted({*one[noun], *other[noun]})
        if one[noun].get(record) != other[noun].get(record)
    ]


@pytest.mark.parametrize("seed", [2])
def test_every_earlier_moment_and_the_proof(alive: Context, seed: int) -> None:
    life, kept = Life(alive, seed), [(datetime.now(UTC), rows_now(alive))]
    for _ in range(STEPS):
        life.step()
        kept.append((datetime.now(UTC), rows_now(alive)))
    assert {"undo", "direct", "bulk", "many", "delete", "tree"} <= set(life.done), life.done
    for moment, rows in kept[:: 1 if alive.store.sqlite else 3]:
        assert differences(rows_at(alive, moment, kept[-1][1]), rows) == []
    with alive.reading() as tx:
        left, steps = unfolding.unfold(tx)
    assert all(not held for held in left.values())
    assert differences(unfolding.refold(steps), kept[-1][1]) == []


BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


def test_before_the_store_there_was_nothing(ctx: Context) -> None:
    assert not any(rows_at(ctx, BEFORE_ALL, rows_now(ctx)).values())


def test_a_moment_after_all_is_the_table_itself(ctx: Context) -> None:
    with ctx.reading() as tx:
        assert past.at(tx, "account", ctx.clock.now()) is table("account").__table__


def test_only_the_columns_asked_for(ctx: Context, store_url: str) -> None:
    account = records.add(ctx, "account", {"name": "Before", "note": "kept"})
    with Context.open(flags={"db": store_url}, now="2026-11-20T10:00:00+08:00") as later:
        records.edit(later, "account", str(account.id), {"name": "After"})
    with ctx.reading() as tx:
        then = past.at(tx, "account", ctx.clock.now(), ["name"])
        assert [column.name for column in then.c] == ["id", "name"]
        assert tx.session.connection().execute(select(then)).all() == [(account.id, "Before")]


def test_it_leaves_nothing_behind(ctx: Context) -> None:
    """The temporary tables are this unit of work's own; asking twice within one gives the same."""
    records.add(ctx, "account", {"name": "One"})
    for _ in range(3):
        with ctx.reading() as tx:
            assert tx.session.connection().execute(select(past.at(tx, "account", BEFORE_ALL))).all() == []
            assert past.at(tx, "account", BEFORE_ALL) is past.at(tx, "account", BEFORE_ALL)
    records.add(ctx, "account", {"name": "Two"})
    assert records.count_where(ctx, "account", "") == 2


def test_within_a_change_it_sees_the_change(ctx: Context) -> None:
    with ctx.transaction("account.add") as tx:
        for number in (1, 2):
            tx.add(table("account")(name=str(number)))
            now = tx.session.connection().execute(select(past.at(tx, "account", tx.now)))
            assert len(now.all()) == number
            assert tx.session.connection().execute(select(past.at(tx, "account", BEFORE_ALL))).all() == []


def test_a_journal_that_does_not_fit_is_noticed(ctx: Context) -> None:
    account = records.add(ctx, "account", {"name": "One"})
    records.edit(ctx, "account", str(account.id), {"name": "Two"})
    with ctx.store.engine.execution_options(write=True).begin() as connection:
        off = (
            'DROP TRIGGER "account_update"'
            if ctx.store.sqlite
            else "ALTER TABLE account DISABLE TRIGGER USER"
        )
        connection.execute(text(off))
        connection.execute(text("UPDATE account SET name = 'Three'"))
    with ctx.reading() as tx, pytest.raises(ValueError, match="does not lead"):
        unfolding.unfold(tx)
