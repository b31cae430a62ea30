"""Lines put into contracts, orders and invoices, changed there and taken out, while the record still allows it."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.services import ledger, positions
from crmtui.services.context import Context, Tx
from crmtui.store import refs

OPEN = {
    "contract": ("preparing", "drafting"),
    "order": ("accepted", "planned"),
    "invoice": ("draft",),
}
"""Noun → the states in which its lines may be changed."""


def add(ctx: Context, noun: str, ref: str, said: str, given: Mapping[str, str]) -> Any:
    """Put a line into a record: `SCN-200x20@2400`, or a text with a price; return the record.

    Raises NotFound, Invalid, Refused (its lines stand), Forbidden, Conflict.
    """
    return _change(ctx, noun, ref, lambda tx, record: positions.put(ctx, tx, record, said, given))


def edit(ctx: Context, noun: str, ref: str, line: str, given: Mapping[str, str]) -> Any:
    """Change a line, named by its number or product; return the record. Raises as `add`."""
    return _change(ctx, noun, ref, lambda tx, record: positions.alter(ctx, tx, record, line, given))


def remove(ctx: Context, noun: str, ref: str, line: str) -> Any:
    """Take a line out; return the record. Raises as `add`."""
    return _change(
        ctx, noun, ref, lambda tx, record: tx.session.delete(positions.line_of(tx, noun, record, line))
    )


def _change(ctx: Context, noun: str, ref: str, act: Callable[[Tx, Any], object]) -> Any:
    with ctx.transaction(f"{noun}.line") as tx:
        record = refs.get(tx, noun, ref)
        ctx.check_version(tx, record, {"lines": ""})
        if record.state not in OPEN[noun]:
            hint = N_("Make a new version of it: crm contract change {ref}") if noun == "contract" else ""
            raise Refused(
                f"{noun}.lines_stand",
                N_("{ref} is {state}; its lines stand."),
                field="lines",
                hint=hint,
                ref=refs.ref_of(noun, record.id),
                state=gettext(record.state),
            )
        act(tx, record)
        tx.session.flush()
        _recount(ctx, tx, noun, record)
        return record


def _recount(ctx: Context, tx: Tx, noun: str, record: Any) -> None:
    if noun == "invoice":
        positions.count(tx, noun, record)
        ledger.refresh(ctx, tx, record)
        tx.session.flush()
        return
    import_module(f"crmtui.services.{noun}").recount(ctx, tx, record)
