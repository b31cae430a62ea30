"""The one predicate for reads: which records a person reaches, as one SQL expression."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Executable,
    FromClause,
    Select,
    Table,
    Text,
    and_,
    cast,
    false,
    literal,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.sql import visitors

from crmtui.store.plain import MEMBER, VOTE
from crmtui.store.record import TABLES, table

SCOPES = ("none", "own", "team", "dept", "territory", "all")
"""From nothing to everything; each of own, team, dept and territory includes what the person owns."""

READS = ("show", "list", "export", "history")
"""What leaves records as they are: what everybody may see, everybody with the right may read in any of these ways."""

WRITES = ("add", "edit", "archive", "restore", "import")
"""What changes records of any noun, without a rule of that noun's own."""

PAIRED = ("account", "contact", "lead", "opp")
"""The nouns of which two records can make a pair of suspected duplicates."""

EXCEPTIONS = {
    "identity": "finding out who is calling comes before anybody has rights",
    "names": "a reference shows the name of a person, product or list entry that everybody may see",
    "approval": "what is asked for and approved is checked and done whatever the approver may see of the record",
    "outbox": "mail that is on record already under its key is not written again, whoever wrote it",
    "assign": "rules weigh everybody's load and results, and answer with a name; what is given goes out of sight",
    "pool": "what nobody owns is there for all who may claim it; when it is claimed or taken back, it changes sight",
    "ledger": "what was delivered, paid and is owed counts in full, whoever entered it; only sums are told",
    "duplicate": "whether a record exists already does not depend on who asks; of one out of sight only the reasons are told",
    "import": "an import must know that a key is taken, and answers only that",
    "told": "whether people were told of something already does not depend on who asks",
    "tree": "whether a record would stand below itself does not depend on who asks",
    "doctor": "health is told about the whole store, in counts and refs",
}
"""Where rows are read without the predicate, each with its reason. `unguarded` names one of them."""


@dataclass(frozen=True)
class Actor:
    """Who acts, with which rights. `login` is who they came in as; it differs from `acting_as` under `--as`."""

    id: int | None
    login: str
    acting_as: str
    role: str
    dept_id: int | None = None
    territory_id: int | None = None
    rights: dict[tuple[str, str], str] = field(default_factory=dict, hash=False)
    built: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)
    """What was built or found out for this person and holds for as long as they act."""

    def scope(self, noun: str, verb: str) -> str:
        """How far the actor's right to do `verb` on `noun` reaches; `none` where no right is on record."""
        return self.rights.get((noun, verb), "none")


def below(noun: str, root: ColumnElement[Any] | Select[Any] | int) -> Select[Any]:
    """The ids of the records of a tree noun at and below `root` (an id, or a select of ids); a circle ends by itself."""
    tree = table(noun).__table__
    start = select(tree.c.id).where(tree.c.id.in_(root) if isinstance(root, Select) else tree.c.id == root)
    found = start.cte(recursive=True)
    found = found.union(select(tree.c.id).join(found, tree.c.parent_id == found.c.id))
    return select(found.c.id)


def subordinates(actor: Actor) -> Select[Any]:
    """The ids of the people in the actor's department, in those they head, and all below, and whoever reports to them."""
    user, dept = table("user").__table__, table("dept").__table__
    roots = select(dept.c.id).where(or_(dept.c.id == actor.dept_id, dept.c.head_id == actor.id))
    reports = select(user.c.id).where(user.c.id == actor.id).cte(recursive=True)
    reports = reports.union(select(user.c.id).join(reports, user.c.manager_id == reports.c.id))
    inside = select(user.c.id).where(user.c.dept_id.in_(below("dept", roots)))
    # One after the other, each by its own index, and kept: a condition asks for them more than once.
    people = union(inside, select(reports.c.id)).cte()
    return select(people.c.id)


class Rows:
    """The columns of a FROM as attributes, so that a predicate written for a table holds on it."""

    def __init__(self, noun: str, source: FromClause) -> None:
        self.NOUN = noun
        self._columns = source.c

    def __getattr__(self, name: str) -> ColumnElement[Any]:
        try:
            return self._columns[name]
        except KeyError:
            raise AttributeError(name) from None


def _mine(model: Any, actor: Actor) -> ColumnElement[bool]:
    mine: ColumnElement[bool] = model.owner_id == actor.id
    unowned = and_(model.owner_id.is_(None), model.created_by_id == actor.id)
    return or_(mine, unowned)


SHARED = {
    "opp": (MEMBER, "opp_id", "id"),
    "quote": (MEMBER, "opp_id", "opp_id"),
    "contract": (MEMBER, "opp_id", "opp_id"),
    "order": (MEMBER, "opp_id", "opp_id"),
    "approval": (VOTE, "approval_id", "id"),
}
"""Noun → who else works on a record of it, the column that says on which, and the one of the record that it means."""


def _in_team(model: Any, actor: Actor) -> ColumnElement[bool]:
    if model.NOUN == "lead":
        delegated: ColumnElement[bool] = model.manager_id == actor.id
        return delegated  # its account manager follows what others work on
    if model.NOUN == "task":
        given: ColumnElement[bool] = model.assigner_id == actor.id
        return given  # whoever set it
    if model.NOUN not in SHARED:
        return false()
    shared, column, of = SHARED[model.NOUN]
    mine = select(shared.c[column]).where(shared.c.user_id == actor.id)
    found: ColumnElement[bool] = getattr(model, of).in_(mine)
    return found


def ways(model: Any, actor: Actor, scope: str) -> list[ColumnElement[bool]]:
    """The ways in which a record with an owner is within `scope` of the actor; any of them will do."""
    if scope == "own":
        return [
            _mine(model, actor),
            *([_in_team(model, actor)] if model.NOUN in ("task", "approval") else []),
        ]
    if scope == "dept":
        people = subordinates(actor)
        unowned = and_(model.owner_id.is_(None), model.created_by_id.in_(people))
        return [model.owner_id.in_(people), unowned, _in_team(model, actor)]
    found = [_mine(model, actor), _in_team(model, actor)]
    if scope == "territory" and hasattr(model, "territory_id") and actor.territory_id is not None:
        found.append(model.territory_id.in_(below("territory", actor.territory_id)))
    return found


def _measured(model: Any, actor: Actor, scope: str) -> ColumnElement[bool]:
    """Quotas: one's own; with `dept` those of the people and departments below; of the rest only with `all`."""
    user, dept = table("user").__table__.c, table("dept").__table__.c
    own = and_(model.scope == "user", model.of == f"U-{actor.id}")
    if scope != "dept":
        return own
    people = select(_ref("U", user.id)).where(user.id.in_(subordinates(actor)))
    roots = select(dept.id).where(or_(dept.id == actor.dept_id, dept.head_id == actor.id))
    depts = select(_ref("D", dept.id)).where(dept.id.in_(below("dept", roots)))
    return or_(
        and_(model.scope == "user", model.of.in_(people)),
        and_(model.scope == "dept", model.of.in_(depts)),
    )


def _ref(prefix: str, column: Any) -> ColumnElement[str]:
    return literal(f"{prefix}-").concat(cast(column, Text))


def _both_seen(model: Any, actor: Actor) -> ColumnElement[bool]:
    """Pairs of records: seen by who sees both."""
    found = []
    for noun in PAIRED:
        own = table(noun).__table__.alias()
        seen = select(own.c.id).where(visible(noun, actor, Rows(noun, own)))
        found.append(and_(model.noun == noun, model.one_id.in_(seen), model.other_id.in_(seen)))
    return or_(*found)


def reach(noun: str, actor: Actor, verb: str = "show", model: Any = None) -> ColumnElement[bool]:
    """The records of `noun` on which the actor may do `verb`, as a condition on its table (or on `model`, an alias)."""
    model = model or table(noun)
    scope = actor.scope(noun, verb)
    if scope != "none" and verb in READS and table(noun).SCOPE == "shared":
        return or_(model.shared.is_(True), _mine(model, actor))
    if scope == "all":
        return true()
    if scope == "none":
        return false()
    kind = table(noun).SCOPE
    if kind == "quota":
        return _measured(model, actor, scope)
    if kind == "pair":
        return _both_seen(model, actor)
    if kind == "owner" or verb not in READS:
        return or_(*ways(model, actor, scope))
    return true()


def visible(noun: str, actor: Actor, model: Any = None) -> ColumnElement[bool]:
    """The records of `noun` that the actor may see: the condition that every read of it carries."""
    return reach(noun, actor, "show", model)


def restricted(statement: Executable, actor: Actor) -> set[str]:
    """The nouns that a statement reads, anywhere in it, and of which the actor may not see every record."""
    read = {part.name for part in visitors.iterate(statement) if isinstance(part, Table)}  # type: ignore[arg-type]
    return {
        noun
        for noun in read & TABLES.keys()
        if actor.scope(noun, "show") != "all" or table(noun).SCOPE == "shared"
    }


def past_the_session(statement: Executable, nouns: set[str]) -> set[str]:
    """Those of `nouns` whose bare tables a select reads: there the session has no class to put the predicate on."""
    if not nouns or not isinstance(statement, Select):
        return set()
    columns = [part for top in statement._raw_columns for part in visitors.iterate(top)]
    bare: list[Any] = [part.table for part in columns if isinstance(part, Column) and not _of_class(part)]
    bare += [part for part in statement._from_obj if not _of_class(part)]
    return {part.name for part in bare if isinstance(part, Table)} & nouns


def _of_class(part: Any) -> bool:
    return "parententity" in part._annotations
