"""Approval flows: which one applies to a change, and who decides at each of its steps."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, Refused
from crmtui.i18n import N_
from crmtui.services import presence, records
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import NOUNS
from crmtui.store import condition as conditions
from crmtui.store import plain, refs, where
from crmtui.store.condition import Compare, Every, Node, Not
from crmtui.store.record import table
from crmtui.text import nearest

MODES = ("any", "all", "turn")
"""One of the approvers of a step suffices; all of them; all, one after the other."""
EMPTY = ("up", "skip", "admin", "refuse")
"""What a step does that finds nobody: it goes to the next superior, is passed over, goes to the administrators, or
the request is refused."""
WHO = re.compile(r"(superior)(?: ([1-9]))?|(owner|head|admin)|(role|user) (\S.*)")
_CHANGE = re.compile(r"(\w+)_change")


@dataclass(frozen=True)
class Approver:
    """Somebody who is asked, perhaps in place of somebody who is away."""

    user_id: int
    instead_of: int | None = None


@dataclass(frozen=True)
class Plan:
    """Who is asked at one step of a request, and how many of them must agree."""

    position: int
    mode: str
    people: tuple[Approver, ...]


@dataclass(frozen=True)
class Asked:
    """A request as flows look at it: whose, of which record, and what it would change."""

    requester_id: int
    noun: str
    record_id: int
    owner_id: int | None
    before: Mapping[str, Any]
    after: Mapping[str, Any]


SUPERIOR = ("superior", "any", None, "admin")
"""The step of a request that no flow applies to and that is made all the same."""


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A flow stands for a verb that there is, and its condition can be understood. Raises Invalid, NotFound."""
    check_verb(str(row.get("verb") or ""))
    check_condition(ctx, tx, str(row["verb"]).partition(".")[0], str(row.get("condition") or ""))


def check_verb(verb: str) -> None:
    """Raise Invalid unless `verb` is a noun and a verb of it, such as opp.adjust."""
    noun, _, name = verb.partition(".")
    known = NOUNS.get(noun)
    if known is None or name not in (*known.verbs, *known.written):
        every = [f"{one.name}.{verb}" for one in NOUNS.values() for verb in (*one.verbs, *one.written)]
        near = nearest(verb, every)
        raise Invalid(
            "flow.verb",
            N_("There is nothing called {verb} to approve."),
            field="verb",
            hint=N_("Did you mean {near}?") if near else N_("Write it like opp.adjust."),
            verb=verb,
            near=near,
        )


def check_who(tx: Tx, who: str) -> None:
    """Raise Invalid unless `who` can be an approver, NotFound for a role or person that is not there."""
    found = WHO.fullmatch(who.strip())
    if found is None:
        raise Invalid(
            "flow.who",
            N_("{who} is nobody who could approve."),
            field="who",
            hint=N_("Write superior, superior 2, head, owner, admin, role CODE or user LOGIN."),
            who=who,
        )
    if found[4]:
        refs.resolve(tx, found[4], found[5])


def check_condition(ctx: Context, tx: Tx, noun: str, text: str) -> None:
    """Raise Invalid (or NotFound for a reference) unless `text` is a condition on `noun` and its changes."""
    if text.strip():
        _check_node(ctx, tx, noun, conditions.parse(text))


def _check_node(ctx: Context, tx: Tx, noun: str, node: Node) -> None:
    if isinstance(node, Compare):
        if _changed_field(noun, node) is not None:
            _percent(node)
        else:
            where.compile(node, noun, records.scope_for(ctx, tx))
    elif isinstance(node, Not):
        _check_node(ctx, tx, noun, node.part)
    else:
        for part in node.parts:
            _check_node(ctx, tx, noun, part)


# Which flow


def applying(ctx: Context, tx: Tx, verb: str, asked: Asked) -> Any | None:
    """The flow for `verb` whose condition the record meets as it would be, the first by position; None for none.

    The record must stand in the store as it would be; the caller sees to that, and takes it back.
    """
    flow = table("flow")
    query = select(flow).where(flow.verb == verb, flow.archived_at.is_(None)).order_by(flow.position, flow.id)
    for row in tx.session.scalars(query).all():
        if meets(ctx, tx, row.condition, asked):
            return row
    return None


def any_for(tx: Tx, verb: str) -> bool:
    """Whether there is a flow for `verb` at all, whatever its condition; asked once in a unit of work."""
    if ("flows", verb) not in tx.known:
        tx.known["flows", verb] = plain.has_flow(tx.session.connection(), verb)
    return bool(tx.known["flows", verb])


def meets(ctx: Context, tx: Tx, text: str | None, asked: Asked) -> bool:
    """Whether the record as it stands in the store, with the changes asked for, meets the condition."""
    return not (text or "").strip() or _holds(ctx, tx, conditions.parse(str(text)), asked)


def _holds(ctx: Context, tx: Tx, node: Node, asked: Asked) -> bool:
    if isinstance(node, Not):
        return not _holds(ctx, tx, node.part, asked)
    if not isinstance(node, Compare):
        parts = (_holds(ctx, tx, part, asked) for part in node.parts)
        return all(parts) if isinstance(node, Every) else any(parts)
    changed = _changed_field(asked.noun, node)
    if changed is not None:
        return _change_holds(node, asked.before.get(changed), asked.after.get(changed))
    model = table(asked.noun)
    test = where.compile(node, asked.noun, records.scope_for(ctx, tx))
    return tx.session.scalars(select(model.id).where(model.id == asked.record_id, test)).first() is not None


def _changed_field(noun: str, node: Compare) -> str | None:
    """The column whose change `amount_change` means; None where it is a field like any other."""
    found = _CHANGE.fullmatch(node.name)
    columns = table(noun).__table__.columns
    return found[1] if found and node.name not in columns and found[1] in columns else None


def _percent(node: Compare) -> Decimal:
    text = node.values[0].text.strip().removesuffix("%").strip() if len(node.values) == 1 else ""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,4})?", text) or node.op not in ("<", "<=", ">", ">=", "="):
        raise Invalid(
            "flow.change",
            N_("{name} is compared with a percentage, such as {name} > 20."),
            field="condition",
            name=node.name,
        )
    return Decimal(text)


def _change_holds(node: Compare, before: Any, after: Any) -> bool:
    """A change in percent of what stood there, up or down alike; from nothing to something it is beyond every bound."""
    bound = _percent(node)
    if before == after:
        change = Decimal(0)
    elif not before or after is None:
        change = Decimal("Infinity")
    else:
        change = abs(Decimal(after) - Decimal(before)) * 100 / Decimal(before)
    return {
        "<": change < bound,
        "<=": change <= bound,
        ">": change > bound,
        ">=": change >= bound,
        "=": change == bound,
    }[node.op]


# Who decides


def plans(ctx: Context, tx: Tx, flow: Any | None, asked: Asked) -> list[Plan]:
    """Who is asked at each step, in order; steps whose condition does not hold, or that nobody is left for, are passed over.

    Raises Refused where a step that must not be empty finds nobody.
    """
    found: list[Plan] = []
    for number, (who, mode, condition, empty) in enumerate(_steps(tx, flow), start=1):
        if not meets(ctx, tx, condition, asked):
            continue
        people = _people(ctx, tx, who, empty, asked)
        if people:
            found.append(Plan(number, mode, tuple(people)))
    return found


def _steps(tx: Tx, flow: Any | None) -> list[tuple[str, str, str | None, str]]:
    if flow is None:
        return [SUPERIOR]
    step = table("flow_step")
    query = select(step.who, step.mode, step.condition, step.empty).where(step.flow_id == flow.id)
    return [tuple(row) for row in tx.session.execute(query.order_by(step.position))]


def _people(ctx: Context, tx: Tx, who: str, empty: str, asked: Asked) -> list[Approver]:
    found = _there(ctx, tx, _named(tx, who, asked), asked)
    if not found and empty == "up":
        found = _upwards(ctx, tx, asked)
    if not found and empty in ("up", "admin"):
        found = _there(ctx, tx, _of_role(tx, "admin"), asked)
    if not found and empty != "skip":
        raise Refused(
            "approval.nobody",
            N_("There is nobody who could approve this ({who})."),
            hint=N_(
                "An administrator can change the flow, or give {name} a superior: crm user edit --manager"
            ),
            who=who,
            name=refs.ref_of("user", asked.requester_id),
        )
    return found


def _there(ctx: Context, tx: Tx, ids: list[int], asked: Asked) -> list[Approver]:
    """Those people, each who is away replaced by who stands in, and without the requester."""
    found: dict[int, Approver] = {}
    for one in ids:
        there = presence.present(tx, one, ctx.clock.today())
        if there is not None and asked.requester_id not in (one, there):
            found.setdefault(there, Approver(there, one if there != one else None))
    return list(found.values())


def _upwards(ctx: Context, tx: Tx, asked: Asked) -> list[Approver]:
    """The nearest superior of the requester who is there."""
    above, seen = presence.superior(tx, asked.requester_id), {asked.requester_id}
    while above is not None and above not in seen:
        seen.add(above)
        found = _there(ctx, tx, [above], asked)
        if found:
            return found
        above = presence.superior(tx, above)
    return []


def _named(tx: Tx, who: str, asked: Asked) -> list[int]:
    """The people whom `who` means for this request, whether they are there or not."""
    found = WHO.fullmatch(who.strip())
    if found is None:
        return []
    if found[1]:
        above: int | None = asked.requester_id
        for _ in range(int(found[2] or 1)):
            above = presence.superior(tx, above)
        return [above] if above is not None else []
    if found[3] == "owner":
        return [asked.owner_id] if asked.owner_id is not None else []
    if found[3] == "head":
        return _head(tx, asked.requester_id)
    if found[3] == "admin" or found[4] == "role":
        return _of_role(tx, found[5] or "admin")
    return refs.find_ids(tx, "user", found[5])[:1]


def _head(tx: Tx, user_id: int) -> list[int]:
    user, dept = table("user"), table("dept")
    query = select(dept.head_id).join(user, user.dept_id == dept.id).where(user.id == user_id)
    head = tx.session.scalars(query).first()
    return [head] if head is not None else []


def _of_role(tx: Tx, role: str) -> list[int]:
    user = table("user")
    ids = refs.find_ids(tx, "role", role)
    query = select(user.id).where(user.role_id.in_(ids), user.active.is_(True), user.archived_at.is_(None))
    return list(tx.session.scalars(query.order_by(user.id)))
