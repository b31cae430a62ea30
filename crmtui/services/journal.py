"""What happened: the history of a record, the last transactions, what stands behind a conflict; and taking it back."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext
from crmtui.services import records
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import NOUNS
from crmtui.store import chronicle, refs, values
from crmtui.store.fields import Field
from crmtui.store.record import Record, table
from crmtui.store.session import may_record
from crmtui.text import nearest

__all__ = ["HISTORY", "LOG", "history", "log", "what_changed"]

CHANGES = (N_("added"), N_("changed"), N_("archived"), N_("restored"), N_("deleted"))
HISTORY = (
    Field("line", name="tx", label=N_("Transaction")),
    Field("moment", name="at", label=N_("When")),
    Field("line", name="actor", label=N_("Who")),
    Field("line", name="login", label=N_("Login")),
    Field("line", name="verb", label=N_("Verb")),
    Field("state", name="change", label=N_("Change"), values=CHANGES),
    Field("line", name="field", label=N_("Field")),
    Field("any", name="before", label=N_("Before")),
    Field("any", name="after", label=N_("After")),
    Field("whole", name="days", label=N_("Days in the stage left")),
    Field("line", name="note", label=N_("Note")),
)
"""The fields of a row of `history`."""

LOG = (
    Field("line", name="tx", label=N_("Transaction")),
    Field("moment", name="at", label=N_("When")),
    Field("line", name="actor", label=N_("Who")),
    Field("line", name="login", label=N_("Login")),
    Field("line", name="verb", label=N_("Verb")),
    Field("whole", name="records", label=N_("Records")),
    Field("line", name="note", label=N_("Note")),
    Field("line", name="undone_by", label=N_("Undone by")),
)
"""The fields of a row of `log`."""

Names = Mapping[tuple[str, int], str]


# -- one record ---------------------------------------------------------------------------------------------------


def history(ctx: Context, noun: str, ref: str) -> list[dict[str, Any]]:
    """What happened to a visible record, oldest first: one row (`HISTORY`) for each field that changed.

    `change` is added, changed, archived, restored or deleted; only changed has `field`, `before` and `after`, which are
    as records present them. `days` are the whole days that an opportunity stood in the stage it left. A change past the
    program has no `tx`. Raises NotFound, Forbidden.
    """
    with ctx.reading() as tx:
        row = refs.get(tx, noun, ref)
        may_record(tx, noun, row.id, "history")
        fields = _shown(tx, noun)
        steps = _steps(tx, row)
        rows = [side for _, before, after in steps for side in (before, after)]
        names = records.names_of(tx, fields, rows)
        actors = _names_of_people(tx, (entry.actor_id for entry, _, _ in steps))
        found = [
            {**_about(ctx, entry, actors), **what}
            for entry, before, after in steps
            for what in _changes(ctx, noun, fields, entry, before, after, names)
        ]
        return _with_days(found, steps)


def _shown(tx: Tx, noun: str) -> list[Field]:
    """The fields whose changes are told: not those that every change touches."""
    hidden = ("id", "ref", "version", "updated_at", "archived_at")
    return [field for field in records.fields_in(tx, noun) if field.name not in hidden]


def _steps(tx: Tx, row: Any) -> list[tuple[Any, dict[str, Any], dict[str, Any]]]:
    """Each entry of a record with all columns before and after it, oldest first: today's row with the entries taken back."""
    of, after, steps = table(row.NOUN).__table__, records.columns_of(row), []
    for entry in chronicle.entries(tx, of, row.id):
        before = {} if entry.op == "insert" else {**after, **chronicle.values_of(of, entry.before)}
        steps.append((entry, before, {} if entry.op == "delete" else after))
        after = before
    steps.reverse()
    return steps


def _about(ctx: Context, entry: Any, actors: Mapping[int, str]) -> dict[str, Any]:
    direct = entry.tx is None
    return {
        "tx": None if direct else str(entry.tx),
        "at": entry.done_at.astimezone(ctx.clock.zone),
        "actor": gettext(N_("(direct)")) if direct else actors.get(entry.actor_id, entry.by),
        "login": entry.by or "",
        "verb": entry.verb or "",
        "change": "",
        "field": "",
        "before": None,
        "after": None,
        "days": None,
        "note": entry.note or "",
    }


def _changes(
    ctx: Context,
    noun: str,
    fields: Sequence[Field],
    entry: Any,
    before: dict[str, Any],
    after: dict[str, Any],
    names: Names,
) -> Iterator[dict[str, Any]]:
    if entry.op != "update":
        yield {"change": "added" if entry.op == "insert" else "deleted"}
        return
    if (before.get("archived_at") is None) != (after.get("archived_at") is None):
        yield {"change": "archived" if after["archived_at"] else "restored"}
    for field in _changed_fields(fields, before, after):
        sides = [_side(ctx, noun, field, row, names) for row in (before, after)]
        yield {"change": "changed", "field": field.name, "before": sides[0], "after": sides[1]}


def _changed_fields(
    fields: Sequence[Field], before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Field]:
    """The fields whose column differs, and of the company's attributes those that differ, declared or not."""
    own, attributes = before.get("x") or {}, after.get("x") or {}
    for field in fields:
        if field.custom:
            if own.get(field.name[2:]) != attributes.get(field.name[2:]):
                yield field
        elif before.get(field.column) != after.get(field.column):
            yield field
    known = {field.name[2:] for field in fields if field.custom}
    for name in sorted({*own, *attributes} - known):
        if own.get(name) != attributes.get(name):
            yield Field("line", name=f"x.{name}", column=f"x.{name}", label=name, custom=True)


def _side(ctx: Context, noun: str, field: Field, row: Mapping[str, Any], names: Names) -> Any:
    value = records.value_of(ctx, noun, field, row, names)
    if field.kind == "state" and value is not None:
        return values.Coded(value, partial(gettext, value))
    return values.rate_text(value) if field.kind == "rate" and value is not None else value


def _with_days(found: list[dict[str, Any]], steps: Sequence[tuple[Any, Any, Any]]) -> list[dict[str, Any]]:
    """Tell each change of stage how many whole days it came after the one before, or after the record itself."""
    since = steps[0][0].done_at if steps and steps[0][0].op == "insert" else None
    for row in found:
        if row["field"] == "stage":
            row["days"] = None if since is None else (row["at"] - since) // timedelta(days=1)
            since = row["at"]
    return found


def _names_of_people(tx: Tx, ids: Any) -> dict[int, str]:
    wanted = {each for each in ids if each is not None}
    user = table("user")
    with tx.without_predicate("names"):
        found = tx.session.execute(select(user.id, user.name).where(user.id.in_(wanted)))
        return {row.id: row.name for row in found}


# -- the last transactions ----------------------------------------------------------------------------------------


def log(
    ctx: Context,
    *,
    limit: int | None,
    noun: str | None = None,
    user: str | None = None,
    since: datetime | None = None,
) -> list[dict[str, Any]]:
    """The last transactions (`LOG`), newest first; `user` is a login or a REF, `records` counts the rows changed.

    Who may not see everybody's sees their own. Raises Invalid for an unknown noun, NotFound for an unknown person.
    """
    if noun is not None and noun not in NOUNS:
        raise _unknown(noun)
    with ctx.reading() as tx:
        who = None if user is None else refs.resolve(tx, "user", user) if user != "me" else ctx.actor.id
        if ctx.actor.scope("log", "list") != "all":
            if who not in (None, ctx.actor.id):
                return []
            who = ctx.actor.id
        found = chronicle.transactions(tx, limit, actor_id=who, noun=noun, since=since)
        actors = _names_of_people(tx, (row.actor_id for row in found))
        records_of, undone = chronicle.counts(tx, (row.id for row in found)), chronicle.undone(tx)
        return [
            {
                "tx": str(row.id),
                "at": row.at.astimezone(ctx.clock.zone),
                "actor": actors.get(row.actor_id, row.login),
                "login": row.login,
                "verb": row.verb,
                "records": records_of.get(row.id, 0),
                "note": row.note,
                "undone_by": str(undone[row.id]) if row.id in undone else None,
            }
            for row in found
        ]


def _unknown(noun: str) -> Invalid:
    near = nearest(noun, NOUNS)
    return Invalid(
        "noun.unknown",
        N_("There is no kind of record called {noun}."),
        field="noun",
        hint=N_("Did you mean {near}?") if near else "",
        noun=noun,
        near=near,
    )


# -- behind a conflict --------------------------------------------------------------------------------------------


def what_changed(ctx: Context, tx: Tx, row: Record, had: int, wanted: Mapping[str, Any]) -> str:
    """Who changed what since version `had`, both values shown: "Ann at 10:14: amount is 500.00 (yours 400.00)".

    `wanted` are the fields that the caller was about to set, as given.
    """
    fields = _shown(tx, row.NOUN)
    steps = [step for step in _steps(tx, row) if step[0].version > had]
    now = records.columns_of(row)
    names = records.names_of(tx, fields, [now])
    actors = _names_of_people(tx, (entry.actor_id for entry, _, _ in steps))
    last: dict[str, tuple[Any, Field]] = {}
    for entry, before, after in steps:
        for field in _changed_fields(fields, before, after):
            last[field.name] = entry, field
    said: dict[str, list[str]] = {}
    for entry, field in last.values():
        shown = values.as_text(field, records.value_of(ctx, row.NOUN, field, now, names), people=True)
        said.setdefault(_who_when(ctx, entry, actors), []).append(_is_now(field, shown, wanted))
    return "; ".join(f"{who}: {', '.join(what)}" for who, what in said.items()) or gettext(
        N_("no field is different")
    )


def _who_when(ctx: Context, entry: Any, actors: Mapping[int, str]) -> str:
    at = entry.done_at.astimezone(ctx.clock.zone)
    form = "%H:%M" if at.date() == ctx.clock.today() else "%Y-%m-%d %H:%M"
    who = gettext(N_("(direct)")) if entry.tx is None else actors.get(entry.actor_id, entry.by)
    return gettext(N_("{who} at {when}")).format(who=who, when=at.strftime(form))


def _is_now(field: Field, shown: str, wanted: Mapping[str, Any]) -> str:
    given = {name.replace("-", "_"): value for name, value in wanted.items()}
    if given.get(field.name) is None:
        return gettext(N_("{field} is {value}")).format(field=field.name, value=shown or "–")
    mine = given[field.name]
    return gettext(N_("{field} is {value} (yours {mine})")).format(
        field=field.name, value=shown or "–", mine="–" if mine in (None, "") else mine
    )
