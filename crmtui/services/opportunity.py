"""Opportunities: entered, moved through the stages of their process, adjusted, closed, reopened; and their team."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, NotFound, Refused
from crmtui.i18n import N_, gettext
from crmtui.services import process, records
from crmtui.services.context import Context, Tx
from crmtui.store import plain, refs
from crmtui.store.record import declared, table
from crmtui.text import fold

ADJUSTED = ("amount", "currency", "probability", "expected_close_on")
STANDS = (*ADJUSTED, "category")
"""What a closed opportunity keeps as it is."""
NEEDED = (("account_id", "account"), ("expected_close_on", "expected-close-on"))
"""What an opportunity entered by hand has, and the option that gives it."""
CLOSED = ("won", "lost", "terminated", "duplicate")
NOBODY = "none"
"""As the competitor of a lost opportunity: nobody else won it."""


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """An opportunity runs under a process, stands in one of its stages, and brings what that stage brings.

    Entered by hand it has a customer and an expected close date; an import states facts and may lack both.
    Raises Invalid, Refused.
    """
    if before is None:
        _begin(ctx, tx, row, facts)
    elif not facts:
        _check_process(ctx, tx, row, before)
        check_adjust(row, before)
        _check_category(row)
        _check_flow(ctx, tx, row, before)


def _begin(ctx: Context, tx: Tx, row: dict[str, Any], facts: bool) -> None:
    if row.get("process_id") is None:
        row["process_id"] = _once(tx, "process", lambda: ctx.process_id(tx, None))
    row["state"] = row.get("state") or "open"
    if not row.get("stage"):
        row["stage"] = _once(tx, ("first", row["process_id"]), lambda: process.first(tx, row["process_id"]))
    row["name"] = row.get("name") or _name(tx, row)
    if not facts:
        _require(row)
        row["owner_id"] = row.get("owner_id") or ctx.actor.id
        row["opened_on"] = row.get("opened_on") or ctx.clock.today()
    if row["stage"]:
        place = row["process_id"], row["stage"]
        step = _once(tx, place, lambda: process.step_into(tx, *place))
        row["probability"] = step.probability if row.get("probability") is None else row["probability"]
        row["category"] = row.get("category") or step.category
    if row["state"] in CLOSED:
        row["probability"], row["category"] = (100, "closed") if row["state"] == "won" else (0, "omitted")
    row["stage_at"] = row.get("stage_at") or tx.now


def _check_category(row: dict[str, Any]) -> None:
    if row["state"] not in CLOSED and row.get("category") == "closed":
        raise Invalid(
            "opp.category_closed",
            N_("An open opportunity is not counted as closed."),
            field="category",
            hint=N_("Win it first: crm opp close REF --won --summary TEXT"),
        )


def _require(row: dict[str, Any]) -> None:
    _check_category(row)
    for column, option in NEEDED:
        if row.get(column) is None:
            raise Invalid(
                "field.required",
                N_("{label} must not be empty."),
                field=column.removesuffix("_id"),
                hint=N_("Give it with --{option}."),
                label=next(gettext(one.label) for one in declared("opp") if one.column == column),
                option=option,
            )


def _once(tx: Tx, key: object, look: Callable[[], Any]) -> Any:
    """What `look` finds, asked once in this unit of work: an import comes here with every row."""
    if key not in tx.known:
        tx.known[key] = look()
    return tx.known[key]


def _name(tx: Tx, row: dict[str, Any]) -> str:
    """A name from the product (else the customer) and the external id."""
    what = None
    if row.get("products"):
        what = _name_of(tx, "product", row["products"][0])
    if what is None and row.get("account_id"):
        what = _name_of(tx, "account", row["account_id"])
    return " ".join(str(part) for part in (what, row.get("external_id")) if part)[:200] or "Opportunity"


def _name_of(tx: Tx, noun: str, record: int) -> str | None:
    model = table(noun)
    query = select(model.name).where(model.id == record)
    name: str | None = _once(tx, (noun, record), lambda: tx.session.scalars(query).first())
    return name


def _check_process(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any]) -> None:
    if row["process_id"] != before["process_id"]:
        row["process_id"] = ctx.process_id(tx, row["process_id"])
        if row["stage"] not in ctx.stages(tx, row["process_id"]).values():
            raise Refused(
                "opp.stage_of_other_process",
                N_("The new process has no stage {stage}."),
                field="process",
                hint=N_("Its stages are: {stages}."),
                stage=row["stage"],
                stages=", ".join(dict.fromkeys(ctx.stages(tx, row["process_id"]).values())),
            )


def check_adjust(row: dict[str, Any], before: dict[str, Any]) -> None:
    """Raise Refused when amount, currency, probability, expected date or category of a closed opportunity would change."""
    touched = [name for name in STANDS if row[name] != before[name]]
    if touched and before["state"] not in ("open", "suspended"):
        raise Refused(
            "opp.not_open",
            N_("{ref} is {state}; its {field} stands."),
            field=touched[0],
            hint=N_("Open it again first: crm opp reopen {ref}"),
            ref=refs.ref_of("opp", before["id"]),
            state=gettext(before["state"]),
        )


_AGAIN = {
    "suspended": N_("Take it up again first: crm opp reactivate {ref}"),
    "won": N_("Open it again first: crm opp reopen {ref}"),
    "lost": N_("Open it again first: crm opp reopen {ref}"),
}
"""How an opportunity that is not open becomes so; the other states are final."""


def check_open(opp: Any, *states: str) -> None:
    """Raise Refused unless the opportunity is in one of `states` (default: open)."""
    if opp.state not in (states or ("open",)):
        raise Refused(
            "opp.not_open",
            N_("{ref} is {state}."),
            field="state",
            hint=_AGAIN.get(opp.state, ""),
            ref=refs.ref_of("opp", opp.id),
            state=gettext(opp.state),
        )


def advance(
    ctx: Context, ref: str, to: str | None = None, note: str = "", probability: str | None = None
) -> Any:
    """Move an opportunity to the stage `to` (default: the next of its process); return it as stored.

    It takes the win rate of the stage, or `probability`, and its forecast category unless that was set by hand.
    A move that needs approval is asked for and made when it is given; until then everything stays as it is.
    Raises NotFound, Invalid (no such stage), Refused (not open, no such transition, something is missing for it),
    Forbidden, Conflict.
    """
    with ctx.transaction("opp.advance", note) as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"stage": to})
        check_open(opp)
        step = process.transition(tx, opp, ctx.stage_code(tx, opp.process_id, to) if to else None)
        left = process.step_into(tx, opp.process_id, opp.stage) if opp.stage else None
        given: dict[str, object] = {} if probability is None else {"probability": probability}
        said = records.read_values(ctx, tx, "opp", given, through=("adjust",))
        if step.rule or (left and left.holds_back) or plain.has_flow(tx.session.connection(), "opp.advance"):
            from crmtui.services import moves  # most moves ask for nothing

            if moves.waits(ctx, tx, opp, left, step, {"stage": step.to, **said}, note):
                return opp
        enter(tx, opp, left, step)
        opp.probability = said.get("probability", opp.probability)
        tx.session.flush()
        if step.rule:
            moves.follow(ctx, tx, opp, step)
        return opp


def enter(tx: Tx, opp: Any, left: process.Step | None, step: process.Step) -> None:
    """Put a loaded opportunity into the stage of `step`, with what that brings along; `left` is the stage it leaves."""
    if opp.category in (None, left.category if left else None):
        opp.category = step.category
    opp.stage, opp.stage_at = step.to, tx.now
    opp.probability = step.probability if step.probability is not None else opp.probability


def adjust(ctx: Context, ref: str, given: dict[str, object], note: str = "", *, submit: bool = False) -> Any:
    """Change amount, currency, probability, expected close date or stage of an open opportunity; return it as stored.

    Where an approval flow applies, or with `submit`, the change is asked for and made when it is approved; until then
    everything stays as it is. Raises NotFound, Invalid (nothing to change, a bad value), Refused (not open, asked for
    already, no such step), Forbidden, Conflict.
    """
    if not given:
        raise Invalid(
            "opp.nothing_to_adjust",
            N_("There is nothing to change."),
            hint=N_("Give --amount, --probability or --expected-close-on."),
        )
    with ctx.transaction("opp.adjust", note) as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, given)
        check_open(opp, "open", "suspended")
        changed = records.read_values(
            ctx, tx, "opp", given, before=records.columns_of(opp), through=("adjust", "advance")
        )
        always = submit or ("stage" in changed and _check_step(ctx, tx, opp, changed["stage"]))
        if always or plain.has_flow(tx.session.connection(), "opp.adjust"):
            from crmtui.services import approvals  # most adjustments ask nobody

            asked = approvals.ask(ctx, tx, "opp.adjust", "opp", opp.id, changed, note, always=always)
            if asked is not None:
                approvals.remark(ctx, asked)
                return opp
        _adjusted(ctx, tx, opp, changed)
        return opp


def _check_step(ctx: Context, tx: Tx, opp: Any, stage: str) -> bool:
    """Whether the step to that stage needs approval. Raises Refused where there is none, or something is missing for it."""
    from crmtui.services import moves

    step = process.transition(tx, opp, stage)
    moves.check(ctx, tx, opp, process.step_into(tx, opp.process_id, opp.stage) if opp.stage else None, step)
    return bool(step.rule.get("approval"))


def _adjusted(ctx: Context, tx: Tx, opp: Any, changed: dict[str, Any]) -> None:
    """Make the changes, the step to another stage first, since that brings a probability with it."""
    if "stage" in changed:
        from crmtui.services import moves

        moves.make(ctx, tx, opp, changed["stage"])
    records.apply(ctx, tx, opp, {name: value for name, value in changed.items() if name != "stage"})


def approved(ctx: Context, tx: Tx, verb: str, opp: Any, patch: dict[str, Any]) -> None:
    """Make the adjustment that was approved. Raises Refused where it is no longer open, or there is no such step now."""
    check_open(opp, "open", "suspended")
    _adjusted(ctx, tx, opp, patch)


def _check_flow(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any]) -> None:
    """Raise Refused where what `edit` changes has to be asked for."""
    patch = {name: row[name] for name in ADJUSTED if row[name] != before[name]}
    if not patch or not _once(tx, "adjusting", lambda: plain.has_flow(tx.session.connection(), "opp.adjust")):
        return
    from crmtui.services import approvals

    if approvals.needed(ctx, tx, "opp.adjust", "opp", before["id"], patch):
        raise Refused(
            "opp.needs_approval",
            N_("Changing {field} of {ref} like this needs approval."),
            field=next(iter(patch)),
            hint=N_("Ask for it: crm opp adjust {ref}"),
            ref=refs.ref_of("opp", before["id"]),
        )


def close(
    ctx: Context,
    ref: str,
    *,
    won: bool,
    summary: str,
    competitor: str = "",
    reason: str = "",
    on: date | None = None,
    amount: str = "",
) -> Any:
    """Close an opportunity as won or lost, with a summary; on a loss with the competitor who won and the reason.

    `competitor` "none" says that nobody else did; an unknown one is put on record. `on` is the day, today by default.
    Raises NotFound, Invalid, Refused (no summary, no reason, not open), Forbidden, Conflict.
    """
    _check_close(won, summary, competitor, reason)
    with ctx.transaction("opp.close", summary) as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"state": "won" if won else "lost"})
        check_open(opp, "open", "suspended")
        if amount:
            changed = records.read_values(
                ctx, tx, "opp", {"amount": amount}, before=records.columns_of(opp), through=("adjust",)
            )
            opp.amount = changed["amount"]
        if won and opp.amount is None:
            raise Refused(
                "opp.no_amount",
                N_("{ref} has no amount, and a won opportunity counts by it."),
                field="amount",
                hint=N_("Say what it is worth: --amount AMOUNT"),
                ref=refs.ref_of("opp", opp.id),
            )
        opp.closed_on = _closing_day(ctx, opp, on)
        given: dict[str, object] = {"summary": summary}
        if not won:
            given["loss_reason"] = reason
            opp.competitor_id = None if fold(competitor) == NOBODY else _competitor(ctx, tx, competitor)
        for column, value in records.read_values(ctx, tx, "opp", given, through=("close",)).items():
            setattr(opp, column, value)
        opp.state, opp.suspended_at, opp.suspended_until = "won" if won else "lost", None, None
        opp.probability, opp.category = (100, "closed") if won else (0, "omitted")
        tx.session.flush()
        if won:
            from crmtui.services import quote  # what advances and adjusts does without

            quote.on_won(ctx, tx, opp)
        return opp


def _check_close(won: bool, summary: str, competitor: str, reason: str) -> None:
    if not summary.strip():
        raise Refused(
            "opp.no_summary",
            N_("An opportunity is closed with a summary."),
            field="summary",
            hint=N_("Say how it went: --summary TEXT"),
        )
    if not won and not reason.strip():
        raise Refused(
            "opp.no_reason",
            N_("A lost opportunity is closed with the reason."),
            field="loss_reason",
            hint=N_("Say why: --reason TEXT"),
        )
    if not won and not competitor.strip():
        raise Refused(
            "opp.no_competitor",
            N_("A lost opportunity is closed with the competitor who won it."),
            field="competitor",
            hint=N_("Say who: --competitor NAME, or --competitor none when nobody else did."),
        )


def _closing_day(ctx: Context, opp: Any, on: date | None) -> date:
    today = ctx.clock.today()
    day = on or today
    if day > today:
        raise Invalid(
            "opp.closed_in_future",
            N_("{day} is still to come."),
            field="closed_on",
            hint=N_("Close it with a day up to today, {today}."),
            day=day,
            today=today,
        )
    return day


def _competitor(ctx: Context, tx: Tx, text: str) -> int:
    ids = refs.find_ids(tx, "competitor", text)
    if len(ids) == 1:
        return ids[0]
    if ids or text.isdecimal() or refs.noun_of(text) or text.startswith("ext:"):
        return refs.resolve(tx, "competitor", text)
    made = records.insert(ctx, tx, "competitor", records.read_values(ctx, tx, "competitor", {"name": text}))
    return int(made.id)


def reopen(ctx: Context, ref: str, note: str = "") -> Any:
    """Open a won or lost opportunity again, in the stage where it stood; its summary stays. Return it as stored.

    Raises NotFound, Refused (it is open; it was terminated for good), Forbidden, Conflict.
    """
    with ctx.transaction("opp.reopen", note) as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"state": "open"})
        if opp.state not in ("won", "lost"):
            raise Refused(
                "opp.not_closed",
                N_("{ref} is {state}; only a won or lost one is opened again."),
                field="state",
                ref=refs.ref_of("opp", opp.id),
                state=gettext(opp.state),
            )
        opp.state, opp.closed_on, opp.loss_reason, opp.competitor_id = "open", None, None, None
        if opp.stage:
            step = process.step_into(tx, opp.process_id, opp.stage)
            opp.probability, opp.category = step.probability, step.category
        tx.session.flush()
        return opp


# The team


def team(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """The people in an opportunity's team: ref, name, role, responsibility. Raises NotFound."""
    with ctx.reading() as tx:
        return _team(tx, refs.get(tx, "opp", ref).id)


def _team(tx: Tx, opp: int) -> list[dict[str, Any]]:
    member, user = table("opp_member"), table("user")
    query = select(user.id, user.name, member.role, member.responsibility).join(
        user, user.id == member.user_id
    )
    rows = tx.session.execute(query.where(member.opp_id == opp).order_by(member.id))
    return [
        {"ref": refs.ref_of("user", person), "name": name, "role": role, "responsibility": duty}
        for person, name, role, duty in rows
    ]


def team_add(
    ctx: Context, ref: str, member: str, role: str = "", responsibility: str = ""
) -> list[dict[str, Any]]:
    """Put a person into an opportunity's team, who sees it from then on; return the team. Raises NotFound, Forbidden."""
    with ctx.transaction("opp.team") as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"team": member})
        join(tx, opp, refs.resolve(tx, "user", member), role, responsibility)
        return _team(tx, opp.id)


def join(tx: Tx, opp: Any, person: int, role: str = "", responsibility: str = "") -> None:
    """Put a person (id) into the team of a loaded opportunity, or tell what else they are in it."""
    model = table("opp_member")
    row = tx.session.scalars(select(model).where(model.opp_id == opp.id, model.user_id == person)).first()
    if row is None:
        tx.add(model(opp_id=opp.id, user_id=person, role=role or None, responsibility=responsibility or None))
    else:
        row.role, row.responsibility = role or row.role, responsibility or row.responsibility
        tx.session.flush()


def team_remove(ctx: Context, ref: str, member: str) -> list[dict[str, Any]]:
    """Take a person out of an opportunity's team; return the team. Raises NotFound, Forbidden."""
    with ctx.transaction("opp.team") as tx:
        opp = refs.get(tx, "opp", ref)
        ctx.check_version(tx, opp, {"team": member})
        person = refs.resolve(tx, "user", member)
        model = table("opp_member")
        row = tx.session.scalars(select(model).where(model.opp_id == opp.id, model.user_id == person)).first()
        if row is None:
            raise NotFound(
                "team.not_member",
                N_("{member} is not in the team of {ref}."),
                hint=N_("crm opp team list {ref} shows who is."),
                member=member,
                ref=refs.ref_of("opp", opp.id),
            )
        tx.session.delete(row)
        tx.session.flush()
        return _team(tx, opp.id)
