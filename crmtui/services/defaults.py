"""What every company starts with besides its processes: roles and rights, lists, rules; a store gets what it does not have."""

from collections.abc import Iterator

from sqlalchemy import select

from crmtui.services import access, templates
from crmtui.store import journal
from crmtui.store.record import table
from crmtui.store.session import Tx

Missing = tuple[str, str, str]
"""What was added: role, right, entry or rule; of which noun or list; its name."""


def complete(tx: Tx) -> list[Missing]:
    """Add what is not there: to a new store all of it, to an older one what is new. What people changed stays."""
    return [*_roles(tx), *_entries(tx), *_autotasks(tx)]


def _renamed_roles(tx: Tx) -> set[str]:
    """The codes that roles had before somebody gave them others."""
    entry = journal.Entry.__table__  # type: ignore[attr-defined]
    query = select(entry.c.before).where(entry.c.noun == "role", entry.c.before.is_not(None))
    texts = tx.session.connection().execute(query).scalars()
    return {str(before["code"]) for before in map(journal.entry_values, texts) if "code" in before}


def _roles(tx: Tx) -> Iterator[Missing]:
    """Roles that are new, and of the others the rights to verbs that nobody could be allowed before.

    A right that somebody took away is a row that says so; it stays.
    """
    role, right = table("role"), table("role_right")
    held: dict[str, int] = dict(tx.session.execute(select(role.code, role.id)).all())
    old = set(held) | _renamed_roles(tx)
    for code, name, name_zh in access.ROLES:
        if code not in old:
            held[code] = tx.add(role(code=code, name=name, name_zh=name_zh)).id
            yield "role", "role", code
    known = {tuple(pair) for pair in tx.session.execute(select(right.noun, right.verb).distinct())}
    for code, noun, verb, scope in access.matrix():
        is_new = code not in old or (noun, verb) not in known
        if is_new and scope != "none" and code in held:
            tx.session.add(right(role_id=held[code], noun=noun, verb=verb, scope=scope))
            yield "right", noun, verb
    tx.session.flush()


def _entries(tx: Tx) -> Iterator[Missing]:
    """Entries that the lists do not have; whatever the company did to an entry, it keeps its list and code."""
    choice = table("type")
    held = {tuple(key) for key in tx.session.execute(select(choice.list, choice.code))}
    for name, entries in templates.LISTS.items():
        for rank, (code, english, chinese) in enumerate(entries, start=1):
            if (name, code) not in held:
                tx.session.add(choice(list=name, code=code, name=english, name_zh=chinese, position=rank))
                yield "entry", name, code
    tx.session.flush()


def _autotasks(tx: Tx) -> Iterator[Missing]:
    """Rules for automatic tasks whose occasion has none, all of them off."""
    rule = table("autotask")
    held = set(tx.session.scalars(select(rule.item)))
    for item, name, name_zh, days, who in templates.AUTOTASKS:
        if item not in held:
            tx.session.add(rule(item=item, name=name, name_zh=name_zh, days=days, who=who))
            yield "rule", "autotask", item
    tx.session.flush()
