"""What nearly every command asks, by the names of tables alone: their classes cost more to load than the answers.

Nothing here carries the read predicate: settings, rights, attributes and moves of a process are the frame of the store.
"""

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, TableClause, column, insert, select, table

from crmtui.store.types import Flag, Json, Moment, Whole


def _named(name: str, *columns: str, **typed: Any) -> TableClause:
    return table(
        name,
        *(column(each) for each in columns),
        *(column(each, kind) for each, kind in typed.items()),
    )


MEMBER = _named("opp_member", opp_id=Whole, user_id=Whole)
"""Who works on which opportunity."""
VOTE = _named("approval_vote", approval_id=Whole, user_id=Whole)
"""Who is asked for which approval."""
_SETTING = _named("setting", "name", "value")
_ROLE = _named("role", "id", "code")
_RIGHT = _named("role_right", "role_id", "noun", "verb", "scope")
_USER = _named("user", "id", "login", "active", "archived_at", "role_id", "dept_id", "territory_id")
_MOVE = _named("transition", "process_id", "from_stage", "to_stage", rule=Json)
_AUTOTASK = _named("autotask", *("item", "name", "name_zh", "days", "who"), active=Flag, archived_at=Moment)
_FLOW = _named("flow", "verb", "archived_at")
_ASSIGNRULE = _named("assignrule", "archived_at")
_CHANGE = _named("tx", "actor_id", "login", "verb", "note", "undoes", id=Whole, at=Moment)
_ATTRIBUTE = _named(
    "attribute",
    *("id", "noun", "name", "type", "title", "title_zh", "list", "required", "position", "archived_at"),
)


class Person(NamedTuple):
    """Who a login is; `active` also says that nobody archived them. `role` is the code of theirs, empty for none."""

    id: int
    active: bool
    role: str
    dept_id: int | None
    territory_id: int | None
    rights: dict[tuple[str, str], str]
    """noun and verb → scope."""


def settings(connection: Connection) -> dict[str, str]:
    """What holds for the whole company, by name."""
    return dict(connection.execute(select(_SETTING.c.name, _SETTING.c.value)).all())


def person(connection: Connection, login: str) -> Person | None:
    """Who works under `login`; None for nobody."""
    user, right = _USER.c, _RIGHT.c
    known = select(_USER, _ROLE.c.code.label("role")).where(user.login == login)
    found = connection.execute(known.outerjoin_from(_USER, _ROLE, _ROLE.c.id == user.role_id)).first()
    if found is None:
        return None
    rows = connection.execute(
        select(right.noun, right.verb, right.scope).where(right.role_id == found.role_id)
    )
    rights = {(noun, verb): scope for noun, verb, scope in rows}
    active = bool(found.active) and found.archived_at is None
    return Person(found.id, active, found.role or "", found.dept_id, found.territory_id, rights)


def attributes(connection: Connection, noun: str) -> list[Any]:
    """The company's own attributes of `noun` in their order, as rows with name, type, title, title_zh, list, required."""
    own = _ATTRIBUTE.c
    query = select(_ATTRIBUTE).where(own.noun == noun, own.archived_at.is_(None))
    return list(connection.execute(query.order_by(own.position, own.id)))


def moves(connection: Connection, process: int, stage: str) -> dict[str, dict[str, Any]]:
    """The stages to which an opportunity may move from `stage` of `process`, each with the rule of the move."""
    query = select(_MOVE.c.to_stage, _MOVE.c.rule)
    query = query.where(_MOVE.c.process_id == process, _MOVE.c.from_stage == stage)
    return {to: rule or {} for to, rule in connection.execute(query)}


def autotasks(connection: Connection, item: str) -> list[Any]:
    """The rules in force that set a task for `item`: rows with item, name, name_zh, days and who."""
    own = _AUTOTASK.c
    query = select(own.item, own.name, own.name_zh, own.days, own.who)
    return list(
        connection.execute(query.where(own.item == item, own.active.is_(True), own.archived_at.is_(None)))
    )


def has_flow(connection: Connection, verb: str) -> bool:
    """Whether an approval flow is in force for `verb`, such as opp.advance."""
    query = select(_FLOW.c.verb).where(_FLOW.c.verb == verb, _FLOW.c.archived_at.is_(None)).limit(1)
    return connection.execute(query).first() is not None


def has_assignment(connection: Connection) -> bool:
    """Whether any rule says to whom leads go."""
    query = select(_ASSIGNRULE.c.archived_at).where(_ASSIGNRULE.c.archived_at.is_(None)).limit(1)
    return connection.execute(query).first() is not None


def change(
    connection: Connection,
    at: datetime,
    actor: int | None,
    login: str,
    verb: str,
    note: str,
    undoes: int | None,
) -> int:
    """Put a transaction into the journal's list of them; its id."""
    row = {"at": at, "actor_id": actor, "login": login, "verb": verb, "note": note, "undoes": undoes}
    made: int = connection.execute(insert(_CHANGE).returning(_CHANGE.c.id), row).scalar_one()
    return made
