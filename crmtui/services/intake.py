"""Enquiries become leads: each once, the bad ones set aside with the reason, all in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from crmtui.errors import CrmError
from crmtui.services import records
from crmtui.services.context import Context, Tx
from crmtui.services.enquiry import Enquiry
from crmtui.services.intake_places import Place
from crmtui.store.bulk import member
from crmtui.store.record import table
from crmtui.store.session import check_right, guard

SPARED = ("quoted", "currency", "received_at", "website", "phone", "email", "intent", "next_contact_on")
"""Fields for whose sake no enquiry is lost: what is no value of theirs goes into the note."""


@dataclass(frozen=True)
class Fate:
    """What became of one enquiry: taken (then `lead` is the new one), known already, or aside, for `why`."""

    enquiry: Enquiry
    fate: str
    lead: Any | None = None
    why: CrmError | None = None


def intake(ctx: Context, place: Place, given: Mapping[str, object] | None = None) -> list[Fate]:
    """Enter a lead for every enquiry that is not known yet; `given` are fields that those have which say nothing of them.

    Only when all of it is stored are the files moved: after a crash what was taken is known by its key.
    Raises Forbidden, Busy.
    """
    with ctx.transaction("lead.intake") as tx:
        check_right(tx, "lead", "intake")
        tx.lock()  # two runs at once would both find that an enquiry is not known
        known = _known(tx, [one.key for one in place.enquiries])
        fates = [_fate(ctx, tx, one, known, given or {}) for one in place.enquiries]
    if not ctx.dry_run:
        for one in fates:
            place.settle(one.enquiry, one.why)
    return fates


def _known(tx: Tx, keys: list[str]) -> set[str]:
    lead = table("lead")
    if not keys:
        return set()
    with tx.without_predicate("import"):
        query = select(lead.external_id).where(member(tx, lead.external_id, keys))
        return {str(one) for one in tx.session.scalars(query)}


def _fate(ctx: Context, tx: Tx, one: Enquiry, known: set[str], given: Mapping[str, object]) -> Fate:
    if one.problem is not None:
        return Fate(one, "aside", why=one.problem)
    if one.key in known:
        return Fate(one, "known")
    try:
        with guard(ctx.store), tx.session.begin_nested():
            said = {**given, **one.given, "external_id": one.key}
            lead = records.insert(ctx, tx, "lead", _values(ctx, tx, said))
    except CrmError as error:
        return Fate(one, "aside", why=error)
    known.add(one.key)
    return Fate(one, "taken", lead)


def _values(ctx: Context, tx: Tx, said: dict[str, object]) -> dict[str, Any]:
    """The columns of a lead. Raises CrmError."""
    try:
        row = records.read_values(ctx, tx, "lead", said)
    except CrmError as error:
        if error.field not in SPARED or error.field not in said:
            raise
        kept = {name: value for name, value in said.items() if name != error.field}
        wrong = f"{error.field}: {said[error.field]}"
        kept["note"] = "\n".join(part for part in (str(kept.get("note", "")), wrong) if part)
        return _values(ctx, tx, kept)
    row["received_at"] = row.get("received_at") or tx.now
    return row
