"""Who sees what: every way to read agrees with the rules written down once more in plain Python."""

import shutil
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import Select, false, func, literal, or_, select, true

from crmtui import config as configuration
from crmtui.errors import Forbidden, NotFound
from crmtui.services import dept, opportunity, records, territory
from crmtui.services.context import Context
from crmtui.store import page, refs, session, visibility
from crmtui.store.record import TABLES, table
from crmtui.text import name_key
from tests.people import acting
from tests.postgres import Server

NOW = "2026-11-20T09:00:00+08:00"
AT = datetime(2026, 11, 20, 1, tzinfo=UTC)
SCOPES = ("own", "team", "dept", "territory", "all", "none")
OWNED = ("lead", "account", "contact", "opp", "quote", "task")
LISTS = ("user", "dept", "territory", "role", "type", "attribute")
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: a company is told about in a second, and made smaller in minutes."""


# -- a company, and its rules in plain Python ---------------------------------------------------------------------


@dataclass
class Person:
    scope: str
    dept: int | None
    boss: int | None
    territory: int | None


@dataclass
class Thing:
    owner: int | None
    maker: int
    territory: int | None = None
    team: tuple[int, ...] = ()
    amount: int = 0
    account: int | None = None
    archived: bool = False
    opp: int | None = None
    """Of a quote: whoever is in the team of its opportunity works on it."""
    other: int | None = None
    """The account manager of a lead, who follows it; who set a task."""
    measures: tuple[str, int] = ("user", 0)


@dataclass
class Company:
    """Everything by index; `depts` are (parent, head), `territories` their parents. Circles may occur."""

    people: list[Person]
    depts: list[tuple[int | None, int | None]]
    territories: list[int | None]
    things: dict[str, list[Thing]] = field(default_factory=dict)

    def under(self, parents: list[int | None], roots: set[int]) -> set[int]:
        found = set(roots)
        while more := {i for i, parent in enumerate(parents) if parent in found} - found:
            found |= more
        return found

    def reports(self, me: int) -> set[int]:
        found: set[int] = set()
        while more := {i for i, p in enumerate(self.people) if p.boss in {me, *found}} - found:
            found |= more
        return found

    def departments(self, me: int) -> set[int]:
        mine = {self.people[me].dept} | {i for i, (_, head) in enumerate(self.depts) if head == me}
        return self.under([parent for parent, _ in self.depts], {i for i in mine if i is not None})

    def below(self, me: int) -> set[int]:
        depts = self.departments(me)
        return {me} | self.reports(me) | {i for i, p in enumerate(self.people) if p.dept in depts}

    def sees(self, me: int, noun: str, thing: Thing) -> bool:
        scope = self.people[me].scope
        if scope in ("all", "none"):
            return scope == "all"
        if noun == "quota":
            kind, of = thing.measures
            if scope == "dept" and kind in ("user", "dept"):
                return of in (self.below(me) if kind == "user" else self.departments(me))
            return (kind, of) == ("user", me)
        answers = thing.owner if thing.owner is not None else thing.maker
        if answers == me:
            return True
        if noun == "task" and thing.other == me:
            return True
        if scope != "own" and noun == "lead" and thing.other == me:
            return True
        if scope != "own" and me in self.team(noun, thing):
            return True
        if scope == "dept":
            return answers in self.below(me)
        place = self.people[me].territory
        if scope == "territory" and place is not None:
            return thing.territory in self.under(self.territories, {place})
        return False

    def team(self, noun: str, thing: Thing) -> tuple[int, ...]:
        if noun == "quote":
            return () if thing.opp is None else self.things["opp"][thing.opp].team
        return thing.team if noun == "opp" else ()

    def seen(self, me: int, noun: str) -> set[int]:
        return {i for i, thing in enumerate(self.things[noun]) if self.sees(me, noun, thing)}


def _some(count: int) -> st.SearchStrategy[int | None]:
    return st.none() | st.integers(0, count - 1)


@st.composite
def companies(draw: st.DrawFn) -> Company:
    people, depts, places = draw(st.integers(3, 7)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    who, accounts = st.integers(0, people - 1), 5
    company = Company(
        [
            Person(
                draw(st.sampled_from(SCOPES)), draw(_some(depts)), draw(_some(people)), draw(_some(places))
            )
            for _ in range(people)
        ],
        [(draw(_some(depts)), draw(_some(people))) for _ in range(depts)],
        [draw(_some(places)) for _ in range(places)],
    )
    for noun in OWNED:
        company.things[noun] = [
            Thing(
                draw(_some(people)),
                draw(who),
                draw(_some(places)) if noun in ("account", "opp") else None,
                tuple(sorted(draw(st.sets(who, max_size=2)))) if noun == "opp" else (),
                draw(st.integers(0, 10**9)) if noun == "opp" else 0,
                draw(_some(accounts)) if noun == "opp" else None,
                draw(st.sampled_from((False, False, False, True))),
                draw(_some(6)) if noun == "quote" else None,
                draw(_some(people)) if noun in ("lead", "task") else None,
            )
            for _ in range(accounts if noun == "account" else 6)
        ]
    targets = st.one_of(
        st.tuples(st.just("user"), who),
        st.tuples(st.just("dept"), st.integers(0, depts - 1)),
        st.tuples(st.just("territory"), st.integers(0, places - 1)),
    )
    company.things["quota"] = [
        Thing(None, draw(who), measures=target) for target in sorted(draw(st.sets(targets, max_size=6)))
    ]
    return company


# -- the same company in a store ----------------------------------------------------------------------------------

_CIRCLES = Company(
    [
        Person("dept", 0, 1, 0),
        Person("dept", 1, 0, 1),
        Person("territory", None, None, 0),
        Person("dept", None, 3, None),
    ],
    [(1, None), (0, None)],
    [1, 0],
    {
        noun: [Thing(i % 4, 3, i % 2 if noun in ("account", "opp") else None, account=0) for i in range(4)]
        for noun in OWNED
    }
    | {"quota": [Thing(None, 0, measures=("dept", 1)), Thing(None, 0, measures=("user", 1))]},
)
"""Two people who are each other's superior, two departments and two territories that stand under each other."""


class Stored:
    """A company written straight into the tables, as only the database itself allows; `id` is that of an index."""

    def __init__(self, store: session.Store, company: Company) -> None:
        self.store, self.company = store, company
        self.ids: dict[tuple[str, int], int] = {}
        self.config = configuration.load({"db": store.url.render_as_string()})
        with self.store.engine.execution_options(write=True).begin() as connection:
            self._fill(connection)

    def id(self, noun: str, index: int | None) -> int | None:
        return None if index is None else self.ids[noun, index]

    def _insert(self, connection: Any, noun: str, rows: list[dict[str, Any]]) -> None:
        model = table(noun)
        for index, row in enumerate(rows):
            label = row.get(model.LABEL)
            full = {
                "created_at": AT,
                "updated_at": AT,
                "version": 1,
                "name_key": name_key(label) if label else None,
                **row,
            }
            self.ids[noun, index] = connection.execute(
                model.__table__.insert().values(full)
            ).inserted_primary_key[0]

    def _fill(self, connection: Any) -> None:
        company, roles = self.company, table("role").__table__
        by_code = dict(connection.execute(roles.select().with_only_columns(roles.c.code, roles.c.id)).all())
        self._insert(connection, "territory", [{"name": f"T{i}"} for i, _ in enumerate(company.territories)])
        self._insert(connection, "dept", [{"name": f"D{i}"} for i, _ in enumerate(company.depts)])
        self._insert(
            connection,
            "user",
            [
                {
                    "login": f"p{i}",
                    "name": f"Person {i}",
                    "active": True,
                    "role_id": by_code[f"sees-{person.scope}"],
                    "dept_id": self.id("dept", person.dept),
                    "territory_id": self.id("territory", person.territory),
                }
                for i, person in enumerate(company.people)
            ],
        )
        for noun, column, ups in (
            ("territory", "parent_id", company.territories),
            ("dept", "parent_id", [parent for parent, _ in company.depts]),
            ("user", "manager_id", [person.boss for person in company.people]),
        ):
            self._point(connection, noun, column, noun, ups)
        self._point(connection, "dept", "head_id", "user", [head for _, head in company.depts])
        for noun in ("account", "lead", "contact", "opp", "quote", "task", "quota"):
            self._insert(
                connection, noun, [self._row(noun, i, thing) for i, thing in enumerate(company.things[noun])]
            )
        member = table("opp_member").__table__
        for i, thing in enumerate(company.things["opp"]):
            for one in thing.team:
                connection.execute(
                    member.insert().values(version=1, opp_id=self.id("opp", i), user_id=self.id("user", one))
                )

    def _point(self, connection: Any, noun: str, column: str, to: str, targets: list[int | None]) -> None:
        of = table(noun).__table__
        for i, target in enumerate(targets):
            if target is not None:
                connection.execute(
                    of.update().where(of.c.id == self.id(noun, i)).values({column: self.id(to, target)})
                )

    def _row(self, noun: str, index: int, thing: Thing) -> dict[str, Any]:
        row: dict[str, Any] = {"created_by_id": self.id("user", thing.maker)}
        if noun == "quota":
            kind, of = thing.measures
            prefix = {"user": "U", "dept": "D", "territory": "TR"}[kind]
            first, last = date(2026, 10, 1), date(2026, 12, 31)
            row |= {
                "scope": kind,
                "of": f"{prefix}-{self.id(kind, of)}",
                "period": "2026Q4",
                "measure": "revenue",
            }
            return row | {"amount": 100, "currency": "USD", "starts_on": first, "ends_on": last}
        row |= {"owner_id": self.id("user", thing.owner), "external_id": f"{noun}-{index}", "note": "x"}
        row["archived_at"] = AT if thing.archived else None
        row[table(noun).LABEL] = f"{noun} {index}"
        if noun in ("account", "opp"):
            row["territory_id"] = self.id("territory", thing.territory)
        if noun == "lead":
            row |= {"state": "new", "manager_id": self.id("user", thing.other)}
        if noun == "task":
            row["assigner_id"] = self.id("user", thing.other)
        if noun == "quote":
            row["opp_id"] = self.id("opp", thing.opp)
        if noun == "contact":
            row["primary"] = False
        if noun == "opp":
            row |= {
                "state": "open",
                "amount": thing.amount,
                "currency": "USD",
                "account_id": self.id("account", thing.account),
            }
        return row

    def acting(self, person: int) -> Context:
        return Context(self.config, self.store, login=f"p{person}", now=NOW)


def _grant_scopes(url: str) -> None:
    """A role for each scope; all of them see people, departments, territories and the lists."""
    roles, rights = table("role").__table__, table("role_right").__table__
    store = session.connect(url)
    with store.engine.execution_options(write=True).begin() as connection:
        for scope in SCOPES:
            row = {"code": f"sees-{scope}", "name": scope, "version": 1, "created_at": AT, "updated_at": AT}
            made = connection.execute(roles.insert().values(row)).inserted_primary_key[0]
            connection.execute(
                rights.insert(),
                [
                    {"role_id": made, "noun": noun, "verb": verb, "scope": reach, "version": 1}
                    for noun, reach in (
                        (*((noun, scope) for noun in (*OWNED, "quota")), *((noun, "all") for noun in LISTS))
                    )
                    for verb in ("list", "show", "edit")
                ],
            )
    store.close()


NewStore = Callable[[], session.Store]


@pytest.fixture(scope="session")
def scoped_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scoped") / "crm.db"
    shutil.copyfile(sqlite_template, path)
    path.chmod(0o600)
    _grant_scopes(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def scoped_pg(pg_server: Server, pg_template: str) -> Iterator[str]:
    name = f"scoped_{uuid.uuid4().hex}"
    pg_server.create_database(name, template=pg_template)
    _grant_scopes(pg_server.url(name))
    yield name
    pg_server.drop_database(name)


@pytest.fixture(scope="session")
def new_sqlite(scoped_sqlite: Path) -> Iterator[NewStore]:
    """Makes the same store new, again and again: its engine keeps what it has compiled."""
    path = scoped_sqlite.with_name("company.db")
    store = session.connect(f"sqlite:///{path}")

    def new() -> session.Store:
        store.close()
        for old in path.parent.glob("company.db*"):
            old.unlink()
        shutil.copyfile(scoped_sqlite, path)
        path.chmod(0o600)
        return store

    yield new
    store.close()


@pytest.fixture(scope="session")
def new_pg(pg_server: Server, scoped_pg: str) -> Iterator[NewStore]:
    """The same on PostgreSQL."""
    name = f"company_{uuid.uuid4().hex}"
    store = session.connect(pg_server.url(name))

    def new() -> session.Store:
        store.close()
        pg_server.drop_database(name)
        pg_server.create_database(name, template=scoped_pg)
        return store

    yield new
    store.close()
    pg_server.drop_database(name)


# -- what every way to read must agree on -------------------------------------------------------------------------


def _check(stored: Stored, draw: Callable[[int], int]) -> None:
    company = stored.company
    chosen = sorted({draw(len(company.people)) for _ in range(2)})
    for me in chosen:
        with stored.acting(me) as ctx:
            for noun in company.things:
                _lists_agree(stored, ctx, noun, me)
            _refs_agree(stored, ctx, OWNED[draw(len(OWNED))], me)
            _nothing_shines_through(stored, ctx, me)
            _only_what_is_seen_changes(stored, ctx, me)


def _ids(stored: Stored, noun: str, indexes: set[int]) -> set[int]:
    return {stored.ids[noun, i] for i in indexes}


def _found(ctx: Context, noun: str, **asked: Any) -> list[dict[str, Any]]:
    found = records.find(ctx, noun, **asked)
    rows = list(found.rows)
    assert found.total() == len(rows)
    return rows


def _lists_agree(stored: Stored, ctx: Context, noun: str, me: int) -> None:
    company = stored.company
    if company.people[me].scope == "none":
        _closed(ctx, noun)
        return
    seen = company.seen(me, noun)
    current = {i for i in seen if not company.things[noun][i].archived}
    assert {row["id"] for row in _found(ctx, noun, archived=True)} == _ids(stored, noun, seen)
    assert {row["id"] for row in _found(ctx, noun, fields=["id"])} == _ids(stored, noun, current)
    assert records.count_where(ctx, noun, "") == len(current)
    for few in (True, False):  # a page is found in either way, whatever a person reaches
        ctx.actor.built.clear()
        ctx.actor.built["few", noun] = few
        first = _found(ctx, noun, fields=["id"], archived=True, sort="-id", limit=100)
        assert [row["id"] for row in first] == sorted(_ids(stored, noun, seen), reverse=True)
    ctx.actor.built.clear()
    by = "of" if noun == "quota" else "owner"
    _, groups = records.totals(ctx, noun, by=by, measure="count")
    assert sum(group["count"] for group in groups) == len(current)
    _, whole = records.totals(ctx, noun, by="", measure="count", archived=True)
    assert next(whole)["count"] == len(seen)
    if noun == "opp":
        _, sums = records.totals(ctx, noun, by="", measure="sum(amount)")
        total = next(sums)["sum(amount)"]
        assert (total.minor if total else 0) == sum(company.things[noun][i].amount for i in current)
        assert {
            row["id"] for row in _found(ctx, noun, where="amount >= 0", sort="-amount,account.name")
        } == _ids(stored, noun, current)


def _closed(ctx: Context, noun: str) -> None:
    """Who may list nothing of a noun is told so, whichever way they ask."""
    for ask in (
        lambda: records.find(ctx, noun),
        lambda: records.count_where(ctx, noun, ""),
        lambda: records.totals(ctx, noun, by="", measure="count"),
        lambda: records.edit_where(ctx, noun, "", {"note": "seen"}),
    ):
        with pytest.raises(Forbidden):
            ask()


def _refs_agree(stored: Stored, ctx: Context, noun: str, me: int) -> None:
    seen = stored.company.seen(me, noun)
    prefix = table(noun).PREFIX
    with ctx.reading() as tx:
        for index, _ in enumerate(stored.company.things[noun]):
            record = stored.ids[noun, index]
            for text in (str(record), f"{prefix}-{record}", f"ext:{noun}-{index}", f"{noun} {index}".upper()):
                assert refs.find_ids(tx, noun, text) == ([record] if index in seen else []), text
    for index in (0, 1):
        record = stored.ids[noun, index]
        if index in seen:
            assert records.show(ctx, noun, str(record))["external_id"] == f"{noun}-{index}"
            continue
        told = []
        for ref in (str(record), str(10**9)):
            with pytest.raises(NotFound) as missing:
                records.show(ctx, noun, ref)
            told.append((missing.value.code, missing.value.message.replace(ref, "REF"), missing.value.hint))
        assert told[0] == told[1]


def _nothing_shines_through(stored: Stored, ctx: Context, me: int) -> None:
    """What stands behind a reference that one may not see counts as empty, in conditions, orders, groups and names."""
    company = stored.company
    if company.people[me].scope == "none":
        return
    opps, accounts = company.seen(me, "opp"), company.seen(me, "account")
    at = {i: company.things["opp"][i].account for i in opps}
    for row in _found(ctx, "opp", archived=True):
        index = next(i for i in opps if stored.ids["opp", i] == row["id"])
        if at[index] is not None:
            assert row["account"].name == (f"account {at[index]}" if at[index] in accounts else None)
            assert row["account"].id == stored.id("account", at[index])
    behind = {i for i in opps if at[i] in accounts}
    assert {row["id"] for row in _found(ctx, "opp", where="account.name ~ account", archived=True)} == _ids(
        stored, "opp", behind
    )
    hidden = {row["id"] for row in _found(ctx, "opp", where="account.name is empty", archived=True)}
    assert hidden == _ids(stored, "opp", opps - behind)
    names = [
        group["account.name"]
        for group in records.totals(ctx, "opp", by="account.name", measure="count", archived=True)[1]
    ]
    assert set(names) - {None} == {f"account {at[i]}" for i in behind}
    ordered = [row["id"] for row in _found(ctx, "opp", sort="account.name", archived=True)]
    assert set(ordered[len(behind) :]) == hidden
    for index in {0, 1, 2} - accounts:
        with pytest.raises(NotFound):
            _found(ctx, "opp", where=f'account = "account {index}"')


def _only_what_is_seen_changes(stored: Stored, ctx: Context, me: int) -> None:
    if stored.company.people[me].scope == "none":
        return
    current = {i for i in stored.company.seen(me, "lead") if not stored.company.things["lead"][i].archived}
    ctx.dry_run = True
    report = records.edit_where(ctx, "lead", "note = x", {"title": "seen"})
    assert (report.matched, report.changed, report.refused) == (len(current), len(current), 0)
    ctx.close()
    ctx.dry_run = False


_GIVEN = {"deadline": None, "suppress_health_check": list(HealthCheck), "phases": PHASES}


@settings(max_examples=4, **_GIVEN)  # type: ignore[arg-type]
@given(companies(), st.data())
def test_every_way_to_read_agrees_with_the_rules(
    new_sqlite: NewStore, company: Company, data: st.DataObject
) -> None:
    _check(Stored(new_sqlite(), company), lambda count: data.draw(st.integers(0, count - 1)))


@settings(max_examples=1, **_GIVEN)  # type: ignore[arg-type]
@given(companies(), st.data())
def test_every_way_to_read_agrees_on_postgresql(
    new_pg: NewStore, company: Company, data: st.DataObject
) -> None:
    _check(Stored(new_pg(), company), lambda count: data.draw(st.integers(0, count - 1)))


def test_circles_come_to_an_end(new_sqlite: NewStore) -> None:
    stored = Stored(new_sqlite(), _CIRCLES)
    for person in (0, 2):
        _check(stored, lambda count, person=person: person % count)  # type: ignore[misc]
    with stored.acting(0) as ctx:
        dept.tree(ctx)
        territory.tree(ctx)


# -- can this see a leak? -----------------------------------------------------------------------------------------

_WATCHED = Company(
    [
        Person("team", 0, None, None),
        Person("dept", 0, None, None),
        Person("territory", 1, None, 0),
        Person("own", 2, 1, None),
        Person("own", 1, None, None),
        Person("own", 3, None, None),
    ],
    [(None, None), (0, None), (None, 1), (None, None)],
    [None, 0],
    {
        noun: [
            Thing(
                i % 6 if i < 6 else None,
                3,
                i % 2 if noun in ("account", "opp") else None,
                ((i + 1) % 6,) if noun == "opp" else (),
                7,
                i % 5,
                opp=(i + 2) % 7 if noun == "quote" else None,
                other=(i + 3) % 6 if noun in ("lead", "task") else None,
            )
            for i in range(7)
        ]
        for noun in OWNED
    }
    | {"quota": [Thing(None, 4, measures=(kind, i)) for kind in ("dept", "user") for i in range(3)]},
)
HOLES: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "unowned records are everybody's": lambda patch: patch.setattr(
        visibility, "_mine", lambda model, actor: or_(model.owner_id == actor.id, model.owner_id.is_(None))
    ),
    "one member of a team is all of it": lambda patch: patch.setattr(
        visibility, "_in_team", lambda model, actor: true() if model.NOUN == "opp" else false()
    ),
    "teams are forgotten": lambda patch: patch.setattr(visibility, "_in_team", lambda model, actor: false()),
    "everybody is below": lambda patch: patch.setattr(
        visibility, "subordinates", lambda actor: select(table("user").__table__.c.id)
    ),
    "only the department itself": lambda patch: patch.setattr(
        visibility, "below", lambda noun, root: root if isinstance(root, Select) else select(literal(root))
    ),
    "quotas are open": lambda patch: patch.setattr(
        visibility, "_measured", lambda model, actor, scope: true()
    ),
    "reads without the predicate": lambda patch: patch.setattr(
        session, "restricted", lambda statement, actor: set()
    ),
    "counts without the predicate": lambda patch: patch.setattr(
        session,
        "restricted",
        lambda statement, actor: (
            set() if "count(" in str(statement) else visibility.restricted(statement, actor)
        ),
    ),
    "pages without the predicate": lambda patch: patch.setattr(
        page, "seen", lambda connection, noun, actor: true()
    ),
    "references told by name": lambda patch: patch.setattr(
        session,
        "restricted",
        lambda statement, actor: visibility.restricted(statement, actor) - {"account"},
    ),
}


@pytest.mark.parametrize("hole", [None, *HOLES])
def test_a_planted_hole_is_noticed(
    new_sqlite: NewStore, monkeypatch: pytest.MonkeyPatch, hole: str | None
) -> None:
    stored = Stored(new_sqlite(), _WATCHED)
    if hole is not None:
        HOLES[hole](monkeypatch)
    noticed = False
    for person in range(6) if hole else (1, 2):
        try:
            _check(stored, lambda count, person=person: person % count)  # type: ignore[misc]
        except AssertionError:
            noticed = True
            break
    assert noticed == (hole is not None)


def test_a_bare_table_is_not_read_in_a_session(new_sqlite: NewStore) -> None:
    """A select without a class would slip past the predicate, so it is no select at all."""
    stored = Stored(new_sqlite(), _WATCHED)
    bare = table("opp").__table__
    with stored.acting(0) as ctx, ctx.reading() as tx:
        for statement in (
            select(bare.c.name),
            select(func.count()).select_from(bare),
            select(bare.c.id).where(table("opp").id > 0),
        ):
            with pytest.raises(AssertionError, match="past the predicate"):
                tx.session.execute(statement)
        assert tx.session.scalar(select(func.count()).select_from(table("opp"))) == len(
            _WATCHED.seen(0, "opp")
        )


# -- WX-28 and its neighbours -------------------------------------------------------------------------------------


def test_an_opportunity_is_seen_by_its_owner_superiors_and_team(store_url: str) -> None:
    """WX-28: not by another rep of the department."""
    with acting(store_url, "li", "wang", "chen", "zhou", "sun", "zhao") as (li, wang, chen, zhou, sun, zhao):
        made = records.add(
            li,
            "opp",
            {"name": "Deal", "account": _customer(li), "expected_close_on": "2026-12-01", "amount": "5000"},
        )
        ref = f"O-{made.id}"

        def sees(who: Context) -> bool:
            rows = [row["ref"] for row in _found(who, "opp")]
            if rows:
                return [records.show(who, "opp", ref)["ref"]] == rows
            with pytest.raises(NotFound, match=f"There is no opp {ref} that you can see"):
                records.show(who, "opp", ref)
            return False

        assert [sees(who) for who in (li, wang, chen, zhou, sun, zhao)] == [
            True,
            False,
            True,
            True,
            False,
            False,
        ]
        opportunity.team_add(li, ref, "sun", role="technician")
        assert [sees(who) for who in (wang, zhao, sun)] == [False, False, True]
        assert records.show(sun, "opp", ref)["account"].name is None
        with pytest.raises(Forbidden):
            opportunity.advance(sun, ref)
        opportunity.team_remove(li, ref, "sun")
        assert not sees(sun)


def _customer(ctx: Context) -> str:
    return f"A-{records.add(ctx, 'account', {'name': 'Acme'}).id}"


def test_a_role_without_rights_sees_nothing(sqlite_url: str) -> None:
    with Context.open(flags={"db": sqlite_url}, now=NOW) as admin:
        records.add(admin, "role", {"code": "guest", "name": "Guest"})
        records.add(admin, "user", {"login": "guest", "role": "guest"})
        records.add(admin, "lead", {"company": "Acme"})
    with Context.open(flags={"db": sqlite_url}, now=NOW, login="guest") as guest:
        for noun in TABLES:
            _closed(guest, noun)
            with pytest.raises(NotFound):
                records.show(guest, noun, "1")
        assert [dept.tree(guest), territory.tree(guest)] == [[], []]
