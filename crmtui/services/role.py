"""Roles and what they may do."""

from functools import partial
from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services import access
from crmtui.services.context import Context, Tx
from crmtui.services.nouns import NOUNS
from crmtui.store import refs
from crmtui.store.record import table
from crmtui.store.values import Coded, in_language
from crmtui.store.visibility import SCOPES as SCOPES
from crmtui.text import nearest


def rights(ctx: Context, ref: str) -> list[dict[str, Any]]:
    """What a role may do: noun, verb, scope; sorted. Raises NotFound."""
    with ctx.reading() as tx:
        role = refs.get(tx, "role", ref)
        return _rows(tx, role.id)


def _rows(tx: Tx, role: int) -> list[dict[str, Any]]:
    right = table("role_right")
    query = (
        select(right.noun, right.verb, right.scope)
        .where(right.role_id == role)
        .order_by(right.noun, right.verb)
    )
    return [{"noun": noun, "verb": verb, "scope": scope} for noun, verb, scope in tx.session.execute(query)]


def grant(ctx: Context, ref: str, right: str, scope: str) -> list[dict[str, Any]]:
    """Let a role do NOUN.VERB (verb * for all of a noun's) within `scope`; `none` takes it away. Returns its rights.

    Raises NotFound, Invalid, Forbidden.
    """
    if scope not in SCOPES:
        near = nearest(scope, SCOPES)
        raise Invalid(
            "scope.unknown",
            N_("{scope} is not a scope."),
            field="scope",
            hint=N_("Did you mean {near}?") if near else N_("Use one of: {scopes}."),
            scope=scope,
            near=near,
            scopes=", ".join(SCOPES),
        )
    pairs = _pairs(right)
    with ctx.transaction(f"role.{'grant' if scope != 'none' else 'revoke'}") as tx:
        role = refs.get(tx, "role", ref)
        ctx.check_version(tx, role, {right: scope})
        model = table("role_right")
        for noun, verb in pairs:
            row = tx.session.scalars(
                select(model).where(model.role_id == role.id, model.noun == noun, model.verb == verb)
            ).first()
            if row is None:
                tx.add(model(role_id=role.id, noun=noun, verb=verb, scope=scope))
            elif row.scope != scope:
                row.scope = scope
        tx.session.flush()
        return _rows(tx, role.id)


def _pairs(right: str) -> list[tuple[str, str]]:
    noun, _, verb = right.partition(".")
    known = {
        **{name: access.verbs_of(name) for name in NOUNS},
        **{n: v for n, v in access.COMPANY_VERBS.items() if n not in NOUNS},
    }
    if noun not in known:
        near = nearest(noun, known)
        raise Invalid(
            "noun.unknown",
            N_("There is no noun {noun}."),
            field="noun",
            hint=N_("Did you mean {near}?") if near else "",
            noun=noun,
            near=near,
        )
    if verb == "*":
        return [(noun, each) for each in known[noun]]
    if verb not in known[noun]:
        near = nearest(verb, known[noun])
        raise Invalid(
            "verb.unknown",
            N_("{noun} has no verb {verb}."),
            field="verb",
            hint=N_("Did you mean {near}?") if near else N_("Write NOUN.VERB, such as opp.advance."),
            noun=noun,
            verb=verb or "''",
            near=near,
        )
    return [(noun, verb)]


def can(ctx: Context, verb: str, noun: str) -> str:
    """How far the actor's own right to do `verb` on `noun` reaches: none, own, team, dept, territory, all. Raises Invalid."""
    _pairs(f"{noun}.{verb}")
    return ctx.actor.scope(noun, verb)


def who_can(ctx: Context, verb: str, noun: str) -> list[dict[str, Any]]:
    """The people whose role lets them do `verb` on `noun`, each with their scope. Raises Invalid."""
    _pairs(f"{noun}.{verb}")
    with ctx.reading() as tx:
        right, user, role = table("role_right"), table("user"), table("role")
        query = (
            select(user.id, user.login, user.name, right.scope, role.code, role.name, role.name_zh)
            .join(role, role.id == user.role_id)
            .join(right, right.role_id == role.id)
            .where(
                right.noun == noun,
                right.verb == verb,
                right.scope != "none",
                user.active.is_(True),
                user.archived_at.is_(None),
            )
            .order_by(user.login)
        )
        return [
            {
                "ref": refs.ref_of("user", record),
                "login": login,
                "name": name,
                "role": Coded(code, partial(in_language, *names)),
                "scope": scope,
            }
            for record, login, name, scope, code, *names in tx.session.execute(query)
        ]
