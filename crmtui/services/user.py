"""People who use the program."""

from typing import Any

from sqlalchemy import select

from crmtui.errors import Invalid, NotReady, Refused
from crmtui.i18n import N_
from crmtui.services.context import Context, Tx
from crmtui.services.tree import check_parent
from crmtui.store.record import table
from crmtui.store.refs import ref_of
from crmtui.text import fold


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A person has a login of their own and a role (rep when none is said), and is not their own superior.

    Raises Invalid, Refused.
    """
    row["name"] = row.get("name") or row.get("login")
    if not row["name"]:
        raise Invalid(
            "user.no_name", N_("A person needs a name."), field="name", hint=N_("Give --name or --login.")
        )
    row["login"] = row.get("login") or _free_login(tx, row["name"])
    _check_login(tx, row, before)
    if row.get("role_id") is None:
        row["role_id"] = _default_role(tx)
    check_parent(tx, "user", row, before, "manager_id")
    out = not row.get("active", True) or row.get("archived_at") is not None
    if before is not None and before["active"] and out and before["id"] == ctx.actor.id:
        raise Refused(
            "user.oneself",
            N_("Nobody can shut themselves out."),
            field="active",
            hint=N_("Ask another administrator."),
        )


def _free_login(tx: Tx, name: str) -> str:
    """A login made from a name: "Anna Snelling" becomes anna.snelling."""
    base = ".".join(fold(name).split())[:50] or "user"
    user, login, number = table("user"), base, 1
    while tx.session.scalars(select(user.id).where(user.login == login)).first() is not None:
        number += 1
        login = f"{base}{number}"
    return login


def _check_login(tx: Tx, row: dict[str, Any], before: dict[str, Any] | None) -> None:
    user = table("user")
    other = tx.session.scalars(select(user.id).where(user.login == row["login"])).first()
    if other is not None and (before is None or other != before["id"]):
        raise Refused(
            "user.login_taken",
            N_("{other} has the login {login} already."),
            field="login",
            other=ref_of("user", other),
            login=row["login"],
        )


def _default_role(tx: Tx) -> int:
    role = table("role")
    found = tx.session.scalars(select(role.id).where(role.code == "rep")).first()
    if found is None:
        raise NotReady(
            "role.none", N_("There is no role called rep."), hint=N_("Name the person's role with --role.")
        )
    return int(found)
