"""`crm demo`: a store with a company in it, and what the program makes of it."""

import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crmtui.commands import tui
from crmtui.commands.call import Call
from crmtui.commands.forecast import GAP, OPPORTUNITIES, TABLE
from crmtui.commands.output import MACHINE, columns
from crmtui.commands.prints import NOTHING, one, rows
from crmtui.commands.transfer import COUNTS, SUMMARY
from crmtui.commands.verb import command
from crmtui.i18n import N_, gettext
from crmtui.money import Money, half_up
from crmtui.text import cut

if TYPE_CHECKING:
    from crmtui.services.demo import Read, Shown
    from crmtui.services.demo_plan import Plan

Row = Mapping[str, Any]
LISTED = 8
"""How many of the opportunities that could close the gap are named to people."""


_IMPORT = replace(
    rows(file="line", noun="line", tx="line", **dict.fromkeys(COUNTS, "whole")), more=SUMMARY.more
)
_WHOLE_OR_DAY = {"type": ["integer", "string"]}
_REPORT = one(
    {
        "made": {"type": "boolean"},
        "imports": _IMPORT,
        "made_up": {"type": ["object", "null"], "additionalProperties": _WHOLE_OR_DAY},
        "pipeline": rows(stage="line", probability="percent", opportunities="whole", amount="money"),
        "forecast": TABLE,
        "gap": replace(GAP, also=(NOTHING,)),
        "opportunities": OPPORTUNITIES,
    },
    store="line",
)


@command(
    "demo",
    prints=_REPORT,
    more=N_(
        "It goes into a file of its own in your data folder, or where --db says; nothing that exists is ever touched. "
        "Called again, it shows the same store. On a terminal the screens open on it at the end."
    ),
    examples=("crm demo", "crm demo --db sqlite:///demo.db", "crm demo --json"),
)
def demo(call: Call) -> None:
    """Make a store with a company in it, and show its pipeline, forecast and largest gap."""
    from crmtui.services import demo as service
    from crmtui.services.context import Context

    url = service.address(call.flags)
    day = service.made_on(url)
    plan: Plan | None = None
    read: Read = []
    if day is None:
        call.say(N_("Making a store with the company MavenTech and its 8,800 opportunities …"))
        plan, read = service.make(url, call.options.now)
    else:
        call.say(N_("This demo was made on {day}; it is shown as it now stands."), day=day)
        call.say(N_("For a new one, name another place: crm demo --db sqlite:///FILE"))
    with Context.open(flags={**call.flags, "db": url}, now=call.options.now) as ctx:
        shown = service.show(ctx)
    place = service.for_people(url)
    if not call.options.format:
        call.out.preferred = "table"
    if call.out.format in MACHINE or call.options.jq or call.options.template:
        _for_programs(call, place, plan, read, shown)
    else:
        _for_people(call, place, plan, read, shown)
        if tui.wanted(call.options):
            tui.show(call, url=url)


def _for_programs(call: Call, place: str, plan: "Plan | None", read: "Read", shown: "Shown") -> None:
    """One object in JSON; the rows of the forecast where there are only rows and columns."""
    from crmtui.services.records import as_json

    if call.out.format not in ("json", "jsonl") and not call.options.template:
        kinds = {"path": "line", "depth": "whole", "period": "line"}
        money = dict.fromkeys(("quota", "won", "weighted", "forecast", "gap"), "money")
        call.rows(columns(**kinds, **money, attainment="percent", coverage="percent"), shown.forecast)
        return
    field = columns(value="line")[0]

    def plain(row: Row) -> dict[str, Any]:
        return {name: as_json(field, value) for name, value in row.items()}

    gap, told = shown.gap, [one.name for one in OPPORTUNITIES.columns]
    row = {
        "store": place,
        "made": plan is not None,
        "imports": [
            {"file": f"{name}.csv", "noun": noun, **summary.as_dict()} for name, noun, summary in read
        ],
        "made_up": plain(plan.told) if plan else None,
        "pipeline": [plain(stage) for stage in shown.pipeline],
        "forecast": [plain(dept) for dept in shown.forecast],
        "gap": plain(gap.row) if gap else None,
        "opportunities": [plain({name: one[name] for name in told}) for one in gap.opportunities]
        if gap
        else [],
    }
    call.one(columns(**dict.fromkeys(row, "line")), row)


# For people, in 80 columns


def _for_people(call: Call, place: str, plan: "Plan | None", read: "Read", shown: "Shown") -> None:
    call.text(_said(N_("MavenTech sells computer hardware; {today} is its last day."), today=shown.today))
    if plan is not None:
        _import(call, plan, read)
    _pipeline(call, shown)
    _forecast(call, shown)
    _gap(call, shown)
    call.text("\n" + _said(N_("What to type next")))
    for line in _next(place, shown):
        call.text("  " + line)


def _said(sentence: str, **params: object) -> str:
    return gettext(sentence).format_map(params)


def _whole(amount: Money | None) -> str:
    """An amount without cents."""
    return "" if amount is None else f"{half_up(amount.minor, 100):,}"


def _table(call: Call, heading: str, shape: Mapping[str, str], rows: Iterable[Sequence[object]]) -> None:
    """A heading and aligned columns; `shape` has label → kind, in the order of the values."""
    from crmtui.commands import layout

    names = [f"c{place}" for place in range(len(shape))]
    fields = columns(**dict(zip(names, shape.values(), strict=True)))
    labelled = [replace(field, label=label) for field, label in zip(fields, shape, strict=True)]
    call.text("\n" + heading)
    call.text("".join(layout.plain(labelled, [dict(zip(names, row, strict=True)) for row in rows])))


MADE_UP = (
    N_("All dates were moved by {days_moved} days, so that the last one is {last_day}."),
    N_("{open} open opportunities take their product's list price: {list_value} in all."),
    N_("They are expected {mean_days_to_close} days after engagement, the company's mean to close."),
    N_("{laid_forward} that had no such day, or a past one, are spread evenly until {laid_until}."),
    N_("Quotas: {quota_percent} % of what the person won in the quarter before, to the thousand;"),
    N_("the next quarter has those of this one."),
    N_("Probabilities are those of the stages; Engaging stands for needs analysis."),
)


def _import(call: Call, plan: "Plan", read: "Read") -> None:
    counts = {
        "read": N_("Read"),
        "created": N_("Created"),
        "updated": N_("Updated"),
        "rejected": N_("Rejected"),
    }
    rows = [
        (f"{name}.csv", noun, *(f"{getattr(summary, count):,}" for count in counts))
        for name, noun, summary in read
    ]
    shape = {N_("File"): "line", N_("Noun"): "line", **dict.fromkeys(counts.values(), "number")}
    _table(call, _said(N_("Import")), shape, rows)
    told = {name: f"{value:,}" if isinstance(value, int) else value for name, value in plan.told.items()}
    call.text("\n" + _said(N_("Made up for this demo only, because the data lacks it")))
    for sentence in MADE_UP:
        call.text("  " + _said(sentence, **told))


def _pipeline(call: Call, shown: "Shown") -> None:
    rows = [
        (row["stage"], f"{row['probability']} %", f"{row['opportunities']:,}", _whole(row["amount"]))
        for row in shown.pipeline
    ]
    labels = (N_("Probability"), N_("Opportunities"), N_("Amount"))
    _table(
        call,
        _said(N_("Open pipeline by stage")),
        {N_("Stage"): "line", **dict.fromkeys(labels, "number")},
        rows,
    )


def _forecast(call: Call, shown: "Shown") -> None:
    rows = [
        (
            " " * row["depth"] + str(row["of"].name),
            _whole(row["quota"]),
            _whole(row["won"]),
            "" if row["attainment"] is None else f"{row['attainment']:.1f}",
            *(_whole(row[name]) for name in ("weighted", "forecast", "gap")),
        )
        for row in shown.forecast
    ]
    labels = (N_("Quota"), N_("Won"), "%", N_("Weighted"), N_("Forecast"), N_("Gap"))
    shape = {N_("Department"): "line", **dict.fromkeys(labels, "number")}
    _table(call, _said(N_("Attainment and forecast of {period}"), period=shown.period), shape, rows)


def _gap(call: Call, shown: "Shown") -> None:
    gap = shown.gap
    if gap is None:
        call.text("\n" + _said(N_("Every team's forecast reaches its quota.")))
        return
    short, found = _whole(gap.row["gap"]), gap.opportunities
    heading = _said(N_("The largest gap: {team} is short of {amount}"), team=gap.row["of"].name, amount=short)
    if not found:
        call.text(f"\n{heading}\n" + _said(N_("No open opportunity of this quarter could close it.")))
        return
    labels = (N_("Amount"), "%", N_("Adds"), N_("In all"))
    shape = {
        N_("Ref"): "line",
        N_("Opportunity"): "line",
        N_("Owner"): "line",
        **dict.fromkeys(labels, "number"),
    }
    _table(call, heading, shape, [_could_close(one) for one in found[:LISTED]])
    every = _whole(found[-1]["covers"])
    sentence = N_("Won in full, its {count} open opportunities of this quarter would add {amount}.")
    call.text(_said(sentence, count=f"{len(found):,}", amount=every))


def _could_close(one: Row) -> tuple[object, ...]:
    owner = str(one["owner"].name or one["owner"].ref) if one["owner"] else ""
    figures = _whole(one["amount"]), one["probability"], _whole(one["remainder"]), _whole(one["covers"])
    return one["ref"], cut(one["name"], 24), cut(owner, 17), *figures


def _next(place: str, shown: "Shown") -> Iterator[str]:
    """Commands to go on with, ready to be pasted into a shell."""
    crm = os.environ.get("CRM_PROGRAM", "crm")  # ./dev says how it is called there
    if os.environ.get("CRM_DB") != place:
        yield f"export CRM_DB={shlex.quote(place)}"
    yield f"{crm} forecast --dept West --by user"
    if shown.gap is not None:
        yield f"{crm} forecast gap --dept {shlex.quote(str(shown.gap.row['of'].name))}"
    if shown.gap is not None and shown.gap.opportunities:
        yield f"{crm} opp show {shown.gap.opportunities[0]['ref']}"
    yield f"{crm} opp list --where 'state=open and amount>=5000' --sort -amount"
    yield f"{crm} opp list --by owner.dept --measure 'count,win_rate,avg(days_to_close)'"
    yield f"{crm} opp list --as darcel.schlecht"
