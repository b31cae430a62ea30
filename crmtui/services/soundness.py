"""Whether the records of a store hang together: references, trees, owners, search keys."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from sqlalchemy import func, or_, select

from crmtui.i18n import N_, gettext
from crmtui.services import derived
from crmtui.services.context import Context, Tx
from crmtui.store import inspection, refs
from crmtui.store.record import TABLES, table

NAMED = 5
"""So many records are named; of the rest the number is told."""
_OPEN = {"lead": ("new", "assigned", "working", "qualified"), "opp": ("open", "suspended")}
"""Nouns that need an owner only while they are open, and their open states."""
_OWNED = ("lead", "account", "contact", "opp")


@dataclass(frozen=True)
class Finding:
    """One check: `state` is ok, info, warning or error; `todo` is what to do, empty when there is nothing."""

    check: str
    state: str
    finding: str
    todo: str = ""


def finding(check: str, state: str, sentence: str, todo: str = "", **params: object) -> Finding:
    """A finding in the language in use, its places filled."""
    return Finding(
        check,
        state,
        gettext(sentence).format_map(params),
        gettext(todo).format_map(params) if todo else "",
    )


def examine(ctx: Context, tx: Tx) -> Iterator[Finding]:
    """The checks of records. `tx` reads past the predicate; only those who may check the store are told refs."""
    named = ctx.actor.scope("store", "check") == "all"
    yield _references(tx, named)
    yield _trees(tx, named)
    yield _administrator(tx)
    yield _owners(tx, named)
    yield _keys(ctx, tx, named)
    yield _balances(tx, named)


def _list(found: list[tuple[str, int]], named: bool) -> str:
    """How many records, and which, as far as the reader may know."""
    count = f"{len(found):,}"
    if not named:
        return count
    names = [refs.ref_of(noun, record) if noun in TABLES else f"{noun} {record}" for noun, record in found]
    return f"{count} ({', '.join(names[:NAMED])}{' …' if len(names) > NAMED else ''})"


def _references(tx: Tx, named: bool) -> Finding:
    found = [*inspection.orphans(tx), *inspection.lost_members(tx)]
    if not found:
        return finding("references", "ok", N_("Every reference leads to a record."))
    return finding(
        "references",
        "error",
        N_("References lead nowhere in {records} records."),
        N_("Edit those records, or restore a backup with crm db restore."),
        records=_list(found, named),
    )


def _trees(tx: Tx, named: bool) -> Finding:
    rings = [
        (noun, record) for noun, column in inspection.TREES for record in inspection.circle(tx, noun, column)
    ]
    if not rings:
        return finding("trees", "ok", N_("No record stands above itself."))
    return finding(
        "trees",
        "error",
        N_("Records stand above themselves: {records}."),
        N_("Give one of them another parent: crm dept edit REF --parent REF"),
        records=_list(rings, named),
    )


def _administrator(tx: Tx) -> Finding:
    user, role = table("user"), table("role")
    query = (
        select(func.count(user.id))
        .join(role, role.id == user.role_id)
        .where(role.code == "admin", user.active.is_(True), user.archived_at.is_(None))
    )
    count = tx.session.scalar(query) or 0
    if count:
        return finding("administrators", "ok", N_("{count} active"), count=count)
    return finding("administrators", "error", N_("Nobody is an active administrator."))


def _owners(tx: Tx, named: bool) -> Finding:
    """Work in progress whose owner cannot sign in any more."""
    found = list(chain.from_iterable(_left_behind(tx, noun) for noun in _OWNED))
    if not found:
        return finding("owners", "ok", N_("Every open record's owner is active."))
    return finding(
        "owners",
        "warning",
        N_("The owner is no longer active of {records} open records."),
        N_("Give them to somebody: crm opp edit --where owner=LOGIN --owner LOGIN"),
        records=_list(found, named),
    )


def _left_behind(tx: Tx, noun: str) -> Iterator[tuple[str, int]]:
    model, user = table(noun), table("user")
    gone = or_(user.active.is_(False), user.archived_at.is_not(None))
    query: Any = (
        select(model.id)
        .join(user, user.id == model.owner_id)
        .where(gone, model.archived_at.is_(None))
        .order_by(model.id)
    )
    if noun in _OPEN:
        query = query.where(model.state.in_(_OPEN[noun]))
    return ((noun, record) for record in tx.session.scalars(query))


def _balances(tx: Tx, named: bool) -> Finding:
    from crmtui.services import ledger

    found = list(ledger.wrong(tx))
    if not found:
        return finding("balances", "ok", N_("What is paid and outstanding is what the payments come to."))
    return finding(
        "balances",
        "warning",
        N_("What is paid or outstanding is not what the payments come to, of {records} records."),
        N_("Edit a payment of each, or enter what is missing: it is then counted anew."),
        records=_list(found, named),
    )


def _keys(ctx: Context, tx: Tx, named: bool) -> Finding:
    found = [
        (noun, record)
        for noun in TABLES
        for record in sorted(
            {
                *derived.wrong_in_index(tx, noun),
                *(id for id, wrong in derived.wrong_keys(tx, noun, ctx.company.phone_region) if wrong),
            }
        )
    ]
    if not found:
        return finding("search keys", "ok", N_("Every record is found by its name."))
    return finding(
        "search keys",
        "warning",
        N_("The search keys are wrong of {records} records."),
        N_("Put them right: crm db check --repair"),
        records=_list(found, named),
    )
