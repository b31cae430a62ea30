"""Opportunities put to rest and taken up again, and those that are ended for good without a decision of the customer."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import approvals, opportunity, records
from crmtui.services.context import Context, Tx
from crmtui.store import refs


def suspend(ctx: Context, ref: str, until: date | None = None, note: str = "") -> Any:
    """Put an open opportunity to rest, until a day if one is said; return it as stored.

    Raises NotFound, Invalid (a day that is past), Refused (not open), Forbidden, Conflict.
    """
    today = ctx.clock.today()
    if until is not None and until <= today:
        raise Invalid(
            "opp.until_past",
            N_("{day} is not to come."),
            field="suspended_until",
            hint=N_("Suspend it until a day after today, {today}."),
            day=until,
            today=today,
        )
    with ctx.transaction("opp.suspend", note) as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"state": "suspended"})
        opportunity.check_open(opp)
        opp.state, opp.suspended_at, opp.suspended_until = "suspended", tx.now, until
        tx.session.flush()
        return opp


def reactivate(ctx: Context, ref: str, note: str = "") -> Any:
    """Take a suspended opportunity up again, or ask for it where a flow of approval says so; return it as stored.

    Until it is approved it stays suspended. The clock of its stage stood still meanwhile.
    Raises NotFound, Refused (not suspended; terminated for good), Forbidden, Conflict.
    """
    with ctx.transaction("opp.reactivate", note) as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"state": "open"})
        check_suspended(opp)
        asked = approvals.ask(ctx, tx, "opp.reactivate", "opp", opp.id, {"state": "open"}, note)
        if asked is not None:
            approvals.remark(ctx, asked)
            return opp
        _wake(tx, opp)
        tx.session.flush()
        return opp


def approved(ctx: Context, tx: Tx, verb: str, opp: Any, patch: Mapping[str, Any]) -> None:
    """Take up again what was approved to be. Raises Refused where it is no longer suspended."""
    check_suspended(opp)
    _wake(tx, opp)
    tx.session.flush()


def _wake(tx: Tx, opp: Any) -> None:
    """Open a suspended opportunity again, with as many days in its stage as it had."""
    if opp.suspended_at is not None and opp.stage_at is not None:
        opp.stage_at += tx.now - opp.suspended_at
    opp.state, opp.suspended_at, opp.suspended_until = "open", None, None


def check_suspended(opp: Any) -> None:
    """Raise Refused unless the opportunity is suspended, with what could be done instead."""
    if opp.state == "suspended":
        return
    sentence = N_("{ref} is {state}; only a suspended one is taken up again.")
    hint = ""
    if opp.state == "terminated":
        sentence = N_("{ref} is terminated for good; it is not taken up again.")
        hint = N_("Enter a new one: crm opp add")
    elif opp.state in ("won", "lost"):
        hint = N_("Open it again: crm opp reopen {ref}")
    raise Refused(
        "opp.not_suspended",
        sentence,
        field="state",
        hint=hint,
        ref=refs.ref_of("opp", opp.id),
        state=gettext(opp.state),
    )


def terminate(ctx: Context, ref: str, summary: str, reason: str = "") -> Any:
    """End an open or suspended opportunity for good, with a summary and the reason if one is given; return it as stored.

    Raises NotFound, Refused (neither summary nor reason; closed already), Forbidden, Conflict.
    """
    if not (summary.strip() or reason.strip()):
        raise Refused(
            "opp.no_summary",
            N_("An opportunity is closed with a summary."),
            field="summary",
            hint=N_("Say how it went: --summary TEXT"),
        )
    with ctx.transaction("opp.terminate", summary or reason) as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"state": "terminated"})
        opportunity.check_open(opp, "open", "suspended")
        given: dict[str, object] = {
            "summary": summary or reason,
            **({"loss_reason": reason} if reason else {}),
        }
        for column, value in records.read_values(ctx, tx, "opp", given, through=("close",)).items():
            setattr(opp, column, value)
        opp.state, opp.closed_on = "terminated", ctx.clock.today()
        opp.probability, opp.category = 0, "omitted"
        opp.suspended_at = opp.suspended_until = None
        tx.session.flush()
        return opp
