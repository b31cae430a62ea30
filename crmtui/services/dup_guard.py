"""The guard against entering what exists already: refuse, warn, or ask the owner of what exists, as the company decides."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_, gettext
from crmtui.services.context import Context, Tx
from crmtui.store import plain, refs
from crmtui.store.record import table
from crmtui.store.session import check_right

if TYPE_CHECKING:
    from crmtui.services.dup import Match

POLICY = {
    "account": ("block", ("block", "ask", "warn", "off")),
    "contact": ("warn", ("block", "ask", "warn", "off")),
    "lead": ("off", ("block", "ask", "warn", "off")),
    "import": ("off", ("block", "off")),
    "reveal": ("nothing", ("nothing", "owner")),
}
"""What is decided → what holds unless the company says otherwise, and what it may say.

For a noun: what happens when a record is entered that exists already. `import`: whether rows of a file are looked at as
well. `reveal`: what of a record out of sight is told besides the reasons.
"""
SURE = 80
"""From this score on a record that shares no key is taken for the same when it is entered."""


class Collision(Refused):
    """What was to be entered exists already; `matches` are the records, and `asks` whether their owners are to be asked."""

    matches: "Sequence[Match]" = ()
    asks = False


def policy(tx: Tx, name: str) -> str:
    """What the company decided about `name` of `POLICY`."""
    if "dup.policy" not in tx.known:
        tx.known["dup.policy"] = plain.settings(tx.session.connection())
    return str(tx.known["dup.policy"].get(f"dup.{name}", POLICY[name][0]))


def policies(ctx: Context) -> dict[str, str]:
    """Everything that `POLICY` names, as it holds."""
    with ctx.reading() as tx:
        return {name: policy(tx, name) for name in POLICY}


def set_policy(ctx: Context, name: str, value: str) -> dict[str, str]:
    """Decide what holds for `name`; return all. Raises Invalid, Forbidden."""
    if name not in POLICY or value not in POLICY[name][1]:
        allowed = POLICY[name][1] if name in POLICY else POLICY
        raise Invalid(
            "dup.policy",
            N_("{value} is not one of: {values}."),
            field="policy",
            value=value if name in POLICY else name,
            values=", ".join(allowed),
        )
    with ctx.reading() as tx:
        check_right(tx, "dup", "policy")
    # A setting of the company is a part of no noun that rights are given on: the right was that to decide it.
    with ctx.transaction("dup.policy", force=True) as tx:
        setting: Any = table("setting")
        row = tx.session.scalars(select(setting).where(setting.name == f"dup.{name}")).first()
        if row is None:
            tx.add(setting(name=f"dup.{name}", value=value))
        elif row.value != value:
            row.value = value
            tx.session.flush()
        tx.known.pop("dup.policy", None)
    return {**policies(ctx), name: value}


# Entering and changing


def entered(ctx: Context, tx: Tx, record: Any) -> None:
    """Hold a record that was just entered against those that exist. Raises Collision; a warning becomes a remark."""
    says = policy(tx, record.NOUN)
    if says == "off":
        return
    from crmtui.services import records

    if says in ("block", "ask"):
        tx.lock()  # of two who enter the same at once, the second sees the first
    row = records.columns_of(record)
    tx.known.setdefault(("entered", record.NOUN), set()).add(record.id)
    _meet(ctx, tx, record.NOUN, says, _strong(ctx, tx, record.NOUN, row, record.id, ()))


def changed(ctx: Context, tx: Tx, noun: str, row: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Hold a change by which a record becomes like another one against the policy. Raises Collision."""
    says = policy(tx, noun)
    if says == "off":
        return
    known = {match.id for match in _strong(ctx, tx, noun, before, before["id"], ())}
    _meet(ctx, tx, noun, says, _strong(ctx, tx, noun, row, before["id"], known))


def _strong(
    ctx: Context, tx: Tx, noun: str, row: Mapping[str, Any], but: int, known: Collection[int]
) -> "list[Match]":
    """Those that count: a key is shared, or nearly everything is alike."""
    from crmtui.services import dup, dup_near

    person = noun == "contact"
    found = dup.matches(ctx, tx, noun, row, but=but)
    strong = [match for match in found if match.score.value >= SURE or dup_near.collides(match.score, person)]
    return [match for match in strong if match.id not in known]


def _meet(ctx: Context, tx: Tx, noun: str, says: str, found: "Sequence[Match]") -> None:
    """Act on what was found, unless the actor said that it is another one all the same (`ctx.despite`)."""
    passed = {refs.resolve(tx, noun, ref) for ref in ctx.despite} if found and ctx.despite else set()
    found = [match for match in found if match.id not in passed]
    if not found:
        return
    error = _told(tx, noun, found)
    if says == "warn":
        ctx.remark(str(error))
        return
    error.asks = says == "ask"
    raise error


def _told(tx: Tx, noun: str, found: "Sequence[Match]") -> Collision:
    """The refusal: of a record in sight its name, of one that is not only why, and its owner if the company says so."""
    from crmtui.services import dup

    best = next((match for match in found if match.name is not None), found[0])
    facts = {"noun": noun, "reasons": dup.told(best.score.reasons), "name": best.name, "ref": best.ref}
    if best.name is not None:
        error = Collision(
            "dup.exists",
            N_("This looks like {ref} {name}: {reasons}."),
            hint=N_("Work with {ref}, or enter it all the same with --despite {ref}."),
            **facts,
        )
    else:
        owner = _owner(tx, noun, best.id) if policy(tx, "reveal") == "owner" else ""
        error = Collision(
            "dup.exists",
            N_("Such a record exists already, out of your sight: {reasons}."),
            hint=N_("Ask {owner}, who has it.")
            if owner
            else N_("Ask your superior, who can see whose it is."),
            noun=noun,
            reasons=dup.told(best.score.reasons),
            owner=owner,
        )
    error.matches = found
    return error


def _owner(tx: Tx, noun: str, record: int) -> str:
    model, user = table(noun), table("user")
    with tx.without_predicate("duplicate"):
        return tx.session.scalar(
            select(user.name).join(model, model.owner_id == user.id).where(model.id == record)
        ) or gettext(N_("an administrator"))


def ask(ctx: Context, error: Any) -> None:
    """Ask the owner of what exists whether it is the same: a task for them. Of what was refused nothing is left by now."""
    from crmtui.services import dup, tasks

    match = error.matches[0]
    if ctx.dry_run:
        return
    with ctx.transaction("task.add") as tx, tx.without_predicate("duplicate"):
        model = table(match.noun)
        owner = tx.session.scalar(select(model.owner_id).where(model.id == match.id))
        subject = gettext(N_("{who} wants to enter what may be your {ref}")).format(
            who=ctx.actor.acting_as, ref=match.ref
        )
        reasons = dup.told(match.score.reasons)
        tasks.make(ctx, tx, subject, owner, (match.noun, match.id), kind="duplicate", note=reasons)
    ctx.remark(gettext(N_("Its owner was asked.")))
