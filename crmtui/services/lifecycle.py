"""The lives of contracts, orders and invoices, as data: which state follows which, and by which verb (ZSC-41, SPC-15/24)."""

from dataclasses import dataclass
from typing import Any

from crmtui.errors import Refused
from crmtui.i18n import N_, gettext
from crmtui.store import refs


@dataclass(frozen=True)
class Move:
    """From one state to another. `verb` is the right that it needs: that of a verb of its own, else `advance`."""

    source: str
    target: str
    verb: str


def _moves(*rows: tuple[str, str, str]) -> tuple[Move, ...]:
    return tuple(Move(source, target, verb) for sources, target, verb in rows for source in sources.split())


LIVES = {
    "contract": _moves(
        ("preparing", "drafting", "advance"),
        ("preparing drafting", "submitted", "submit"),
        ("submitted", "in-approval", "advance"),
        ("submitted in-approval", "approved", "approve"),
        ("submitted in-approval approved", "drafting", "advance"),
        ("approved preparing drafting", "signed", "sign"),
        ("signed", "planning", "advance"),
        ("signed planning", "started", "advance"),
        ("started planning signed", "executing", "advance"),
        ("executing", "completed", "complete"),
        ("executing", "interrupted", "interrupt"),
        ("interrupted", "executing", "resume"),
        ("completed", "closed", "close"),
        ("preparing drafting submitted in-approval approved interrupted", "cancelled", "cancel"),
    ),
    "order": _moves(
        ("accepted", "planned", "advance"),
        ("planned", "executing", "advance"),
        ("executing", "completed", "advance"),
        ("accepted planned executing", "cancelled", "cancel"),
    ),
    "invoice": _moves(("draft", "issued", "issue"), ("draft issued", "void", "void")),
}
"""Noun → its moves. From each state the first one listed is the one that goes on."""


def move(noun: str, row: Any, to: str = "") -> Move:
    """The move of a record to the state `to`, or the one that goes on. Raises Refused, naming what there is."""
    there = [each for each in LIVES[noun] if each.source == row.state]
    for each in there:
        if not to or each.target == to:
            return each
    targets = ", ".join(each.target for each in there)
    raise Refused(
        f"{noun}.no_such_step",
        N_("{ref} is {state}; it cannot become {to}.") if to else N_("{ref} is {state}, and stays so."),
        field="state",
        hint=N_("From here it can become: {targets}.") if there else "",
        ref=refs.ref_of(noun, row.id),
        state=gettext(row.state),
        to=to,
        targets=targets,
    )
