"""A temporary team for an opportunity, on application: people join when a superior agrees."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services import approvals, opportunity
from crmtui.services.context import Context, Tx
from crmtui.store import refs
from crmtui.store.record import table


def request(
    ctx: Context, ref: str, members: Sequence[str], role: str = "", responsibility: str = "", note: str = ""
) -> Any:
    """Ask for people to join the team of an opportunity; return the request, None where nobody has to agree: then they joined.

    Raises NotFound, Invalid (nobody named, or only who is in it already), Refused (not open, asked for already),
    Forbidden, Conflict.
    """
    with ctx.transaction("opp.team", note) as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"team": list(members)})
        opportunity.check_open(opp)
        model = table("opp_member")
        there = set(tx.session.scalars(select(model.user_id).where(model.opp_id == opp.id)))
        people = [refs.resolve(tx, "user", one) for one in members]
        wanted = [one for one in dict.fromkeys(people) if one not in there]
        if not wanted:
            raise Invalid("opp.team_nobody", N_("Name somebody who is not in the team yet."), field="team")
        patch = {"team": [[one, role, responsibility] for one in wanted]}
        asked = approvals.ask(ctx, tx, "opp.team", "opp", opp.id, patch, note, always=True)
        if asked is None:
            approved(ctx, tx, "opp.team", opp, patch)
        else:
            approvals.remark(ctx, asked)
        return asked


def approved(ctx: Context, tx: Tx, verb: str, opp: Any, patch: Mapping[str, Any]) -> None:
    """Put the people into the team whom it was asked for. Raises Refused where it is no longer open."""
    opportunity.check_open(opp)
    for person, role, responsibility in patch["team"]:
        opportunity.join(tx, opp, person, role, responsibility)
