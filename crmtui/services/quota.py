"""Quotas: set for people, departments, territories, industries and products; rolled up; compared with what came."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import literal, select

from crmtui.clock import Period, add_months, parse_period
from crmtui.errors import Forbidden, Invalid, Refused, about
from crmtui.i18n import N_, gettext
from crmtui.money import Money
from crmtui.services import figures, forecast, records, rollup
from crmtui.services.context import Context, Tx
from crmtui.services.question import Ask, reading
from crmtui.store.quota import SCOPES
from crmtui.store.record import table
from crmtui.store.refs import ref_of
from crmtui.store.session import right_for
from crmtui.store.values import TARGETS
from crmtui.store.visibility import reach

__all__ = ["SCOPES", "attain", "set", "settle", "tree"]

KINDS = ("month", "quarter", "half", "year")
COMPARED = ("last-year",)
ONE_DAY = timedelta(days=1)


# -- what holds for every quota ---------------------------------------------------------------------------------


def settle(ctx: Context, tx: Tx, row: dict[str, Any], before: dict[str, Any] | None, facts: bool) -> None:
    """A quota is of somebody or something, for a month, quarter, half-year or year, and the only one for both.

    Its period is kept in the short form, with its first and last day. Raises Invalid, Refused, Forbidden.
    """
    _check_of(row)
    row["measure"] = row.get("measure") or "revenue"
    row["currency"] = row.get("currency") or ctx.company.currency
    if not row.get("period"):
        raise Invalid(
            "field.required",
            N_("{label} must not be empty."),
            field="period",
            hint=N_("Give it with --{option}."),
            label=gettext(N_("Period")),
            option="period",
        )
    period = period_of(ctx, str(row["period"]))
    row.update(period=period.label, starts_on=period.start, ends_on=period.end)
    _check_reach(tx, row, before)
    other = _existing(tx, row)
    if other is not None and (before is None or other.id != before["id"]):
        raise Refused(
            "quota.exists",
            N_("{ref} is already the quota of {of} for {period}."),
            field="period",
            hint=N_("Change it: crm quota set, or crm quota edit {ref}"),
            ref=ref_of("quota", other.id),
            of=row["of"],
            period=period.label,
        )


def spell(ctx: Context, column: str, value: Any) -> Any:
    """A period as quotas keep it, so that an import finds 2026-Q4 again as 2026Q4."""
    try:
        return period_of(ctx, value).label if column == "period" and value else value
    except Invalid:
        return value


def period_of(ctx: Context, text: str) -> Period:
    """The month, quarter, half-year or (fiscal) year that `text` means, under its short name. Raises Invalid."""
    fiscal = ctx.company.fiscal_start
    with about("period"):
        period = parse_period(text, ctx.clock.today(), fiscal)
    if period.kind not in KINDS:
        raise Invalid(
            "quota.period",
            N_("A quota is for a month, quarter, half-year or year, not for {period}."),
            field="period",
            hint=N_("Write it like {month}, {year}Q4, {year}H2, {year} or FY{year}."),
            period=text,
            month=ctx.clock.today().isoformat()[:7],
            year=ctx.clock.today().year,
        )
    if period.kind == "year" and fiscal != 1 and period.start.month == fiscal:
        return Period(period.start, period.end, f"FY{period.end.year}")
    return Period.of(period.start, period.end)


def _check_of(row: dict[str, Any]) -> None:
    scope, of = row.get("scope"), str(row.get("of") or "")
    prefix = TARGETS.get(str(scope), "")
    fits = of.startswith(f"{prefix}-") and of[len(prefix) + 1 :].isdigit() if prefix else bool(of)
    if scope not in SCOPES or not fits:
        raise Invalid(
            "quota.of",
            N_("A quota needs a scope and whom or what it is of; {of} is no {scope}.")
            if of
            else N_("A quota needs a scope and whom or what it is of."),
            field="of" if scope in SCOPES else "scope",
            hint=N_("Give both, such as --scope user --of li. The scopes are: {scopes}."),
            of=of,
            scope=scope,
            scopes=", ".join(SCOPES),
        )


class _Said:
    """A quota that is not stored yet, as the predicate looks at it."""

    NOUN = "quota"

    def __init__(self, row: dict[str, Any]) -> None:
        self.scope, self.of = literal(row["scope"]), literal(row["of"])


def _check_reach(tx: Tx, row: dict[str, Any], before: dict[str, Any] | None) -> None:
    """Who sets quotas of their department alone sets none beside it: whom it measures decides, not who enters it."""
    verb = right_for(tx, "quota", "add" if before is None else "edit")
    if tx.force or tx.actor.scope("quota", verb) == "all":
        return
    within = select(literal(1)).where(reach("quota", tx.actor, verb, _Said(row)))
    if tx.session.connection().execute(within).first() is None:
        raise Forbidden(
            "right.missing",
            N_("Your role does not let you {verb} this {noun}."),
            hint=N_("crm can {verb} {noun} tells how far your rights reach."),
            noun="quota",
            verb=verb,
        )


def _existing(tx: Tx, row: dict[str, Any]) -> Any:
    model = table("quota")
    same = [getattr(model, name) == row[name] for name in ("scope", "of", "period", "measure")]
    with tx.without_predicate("import"):
        return tx.session.scalars(select(model).where(*same)).first()


# -- setting ----------------------------------------------------------------------------------------------------


def set(
    ctx: Context, scope: str, of: str, period: str, amount: str, currency: str = "", measure: str = "revenue"
) -> Any:
    """Set the quota of `of` for a period, whether or not it had one; return it as stored.

    Without `currency` it keeps the one it had, at first the company's. Raises Invalid, NotFound, Forbidden.
    """
    with ctx.transaction("quota.set") as tx:
        label = period_of(ctx, period).label
        key = records.read_values(
            ctx, tx, "quota", {"scope": scope, "of": of, "period": label, "measure": measure}
        )
        _check_of(key)
        held = _existing(tx, key)
        said: dict[str, object] = {"amount": amount, **({"currency": currency} if currency else {})}
        if held is None:
            known = {"currency": ctx.company.currency}
            changed = records.read_values(ctx, tx, "quota", said, before=known)
            return records.insert(ctx, tx, "quota", {**known, **key, **changed})
        ctx.check_version(tx, held, said)
        before = records.columns_of(held)
        changed = records.read_values(ctx, tx, "quota", said, before=before)
        records.apply(ctx, tx, held, {**changed, "archived_at": None})
        return held


# -- telling ----------------------------------------------------------------------------------------------------


def tree(ctx: Context, dept: str = "", period: str = "", measure: str = "revenue") -> list[dict[str, Any]]:
    """Quotas of departments and people in reading order, as Money in the company's currency, None where there is none.

    `quota` is what counts: the one that was `set` for exactly this row, else `allocated`, the sum of what stands below
    it. `unallocated` is what was set and nobody below carries, negative where they carry more. So a change below
    reaches every row above at once, up to the first that has a quota of its own. Quotas of shorter periods add up to
    the one asked for; those of longer ones are not split. Raises Invalid, NotFound, Refused.
    """
    with reading(ctx, Ask(dept=dept, by="user", period=period)) as (_, read):
        tops = figures.tree(read, ctx.company.called, counted=False, measure=measure)

        def money(minor: int | None) -> Money | None:
            return None if minor is None else Money(minor, read.world.currency)

        return [
            {
                **forecast.place(read, depth, node),
                "quota": money(node.quota),
                "set": money(node.target),
                "allocated": money(node.allocated),
                "unallocated": money(node.unallocated) if node.children else None,
            }
            for depth, node in rollup.preorder(tops)
            if node.key != ("user", None)
        ]


def attain(
    ctx: Context, dept: str = "", users: Sequence[str] = (), period: str = "", vs: str = "", **ask: Any
) -> list[dict[str, Any]]:
    """Quota and actual side by side, for departments and people: rows in reading order.

    `actual` is what was won, `to_go` is quota − actual (negative once it is exceeded), `attainment` actual / quota in
    percent; then weighted, forecast, gap and coverage as in a forecast. `vs` last-year adds `actual_before`, what was
    won in the same days a year earlier, and `growth` in percent. Raises Invalid, NotFound, Refused.
    """
    if vs and vs not in COMPARED:
        raise Invalid(
            "forecast.word",
            N_("{word} is not one of: {words}."),
            field="vs",
            word=vs,
            words=", ".join(COMPARED),
        )
    question = Ask(dept=dept, users=tuple(users), by="user", period=period, **ask)
    rows = [_attained(row) for row in forecast.table(ctx, question)]
    if vs:
        start, end = _earlier(ctx, question)
        earlier = replace(question, period=f"{start}..{end}")
        before = {(row["scope"], str(row["of"])): row["won"] for row in forecast.table(ctx, earlier)}
        for row in rows:
            _compare(row, before.get((row["scope"], str(row["of"]))))
    return rows


def _attained(row: dict[str, Any]) -> dict[str, Any]:
    quota, won = row["quota"], row["won"]
    kept = {name: row[name] for name in ("scope", "of", "path", "depth", "period", "currency", "quota")}
    shown = {"actual": won, "attainment": row["attainment"], "to_go": None if quota is None else quota - won}
    return {**kept, **shown, **{name: row[name] for name in ("weighted", "forecast", "gap", "coverage")}}


def _earlier(ctx: Context, question: Ask) -> tuple[date, date]:
    with reading(ctx, question) as (_, read):
        return _year_before(read.period.start), _year_before(read.period.end + ONE_DAY) - ONE_DAY


def _year_before(day: date) -> date:
    return add_months(day, -12)


def _compare(row: dict[str, Any], before: Money | None) -> None:
    before = before or Money(0, row["currency"])
    row["actual_before"] = before
    row["growth"] = forecast.percent((row["actual"] - before).minor, before.minor)
