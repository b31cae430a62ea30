"""`crm quote`: made, shown with its lines, submitted, sent, answered, revised, made a deal."""

from typing import TYPE_CHECKING, Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import Prints, many_of, one, one_of, rows
from crmtui.commands.quote_line import LINES
from crmtui.commands.verb import command
from crmtui.errors import about
from crmtui.i18n import N_

if TYPE_CHECKING:
    from datetime import date

Ref = Annotated[str, typer.Argument(metavar="REF", help=N_("The quote: 5, Q-5, ext:ID or its name"))]
Note = Annotated[str, typer.Option("--note", help=N_("Why, for the history"))]
Reason = Annotated[str, typer.Option("--reason", help=N_("Why"))]
On = Annotated[str, typer.Option("--on", help=N_("The day; today if not said"))]
Valid = Annotated[str, typer.Option("--valid-until", help=N_("The last day on which it holds"))]
Discount = Annotated[str, typer.Option("--discount", help=N_("Off the whole, in whole percent"))]
_TALKS = rows(who="line", ref="ref", revision="whole", day="day", amount="money", text="line", state="line")
_RULES = one(on_won="line", state="line", revisions="line")


@command("quote show", prints=Prints(False, "quote", more={"lines": LINES}), examples=("crm quote show 5",))
def show(call: Call, ref: Ref) -> None:
    """Show a quote, and its lines."""
    from crmtui.commands.formats import plain_object
    from crmtui.services import quote_lines, records

    row = records.show(call.ctx, "quote", ref)
    lines = quote_lines.list_lines(call.ctx, ref)
    fields = [field for field in records.fields_of(call.ctx, "quote") if field.name in row]
    if call.out.format == "json" or call.options.template:
        call.one(fields, row, lines=[plain_object(LINES.columns, line) for line in lines])
        return
    call.one(fields, row)
    if call.out.people and lines:
        call.rows(LINES.columns, lines)


@command(
    "quote make",
    change=True,
    prints=one_of("quote"),
    examples=("crm quote make --opp 31", "crm quote make --account Acme --item SCN-200x3 --item CAL-1@120"),
)
def make(
    call: Call,
    opp: Annotated[str, typer.Option("--opp", help=N_("The opportunity that it is made from"))] = "",
    account: Annotated[
        str, typer.Option("--account", help=N_("The customer, where there is no opportunity"))
    ] = "",
    contact: Annotated[str, typer.Option("--contact", help=N_("Whom it is sent to"))] = "",
    name: Annotated[str, typer.Option("--name", help=N_("What it is called"))] = "",
    item: Annotated[
        list[str] | None,
        typer.Option(
            "--item", metavar="ITEM", help=N_("A line: PRODUCT, PRODUCTx3 or PRODUCTx3@PRICE; repeat it")
        ),
    ] = None,
    currency: Annotated[str, typer.Option("--currency", help=N_("Its currency, such as USD"))] = "",
    discount: Discount = "",
    valid_until: Valid = "",
    probability: Annotated[str, typer.Option("--probability", help=N_("Whole percent"))] = "",
    expected_close_on: Annotated[
        str, typer.Option("--expected-close-on", help=N_("When it is expected to close"))
    ] = "",
    note: Note = "",
) -> None:
    """Make a quote from an opportunity, or for a customer."""
    from crmtui.services import quote

    given = {
        "opp": opp,
        "account": account,
        "contact": contact,
        "name": name,
        "currency": currency,
        "discount": discount,
        "valid_until": valid_until,
        "probability": probability,
        "expected_close_on": expected_close_on,
    }
    said: dict[str, object] = {key: value for key, value in given.items() if value}
    call.record("quote", quote.make(call.ctx, said, item or (), note))


@command("quote submit", change=True, prints=one_of("quote"), examples=("crm quote submit 5",))
def submit(call: Call, ref: Ref, note: Note = "") -> None:
    """Ask for the approval of a quote; without an approval flow for it, it is approved at once."""
    from crmtui.services import quote_flow

    call.record("quote", quote_flow.submit(call.ctx, ref, note))


@command(
    "quote send",
    change=True,
    prints=one_of("quote"),
    examples=("crm quote send 5", "crm quote send 5 --email li@example.com", "crm quote send 5 --by fax"),
)
def send(
    call: Call,
    ref: Ref,
    email: Annotated[
        list[str] | None,
        typer.Option("--email", metavar="ADDRESS", help=N_("Where to; its contact if not said; repeat it")),
    ] = None,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="email|fax|post|hand|other",
            help=N_("How; otherwise than by mail it is only noted"),
        ),
    ] = "email",
    text: Annotated[
        str, typer.Option("--text", help=N_("The text of the mail; written for it if not said"))
    ] = "",
    note: Note = "",
) -> None:
    """Send an approved quote to the customer, by mail through the outbox, or note how it was sent."""
    from crmtui.services import quote_send

    sent = quote_send.send(call.ctx, ref, to=email or (), by=by, text=text, note=note)
    call.record("quote", sent)


@command("quote accept", change=True, prints=one_of("quote"), examples=("crm quote accept 5",))
def accept(call: Call, ref: Ref, on: On = "", note: Note = "") -> None:
    """Note that the customer accepts."""
    from crmtui.services import quote_flow

    call.record("quote", quote_flow.accept(call.ctx, ref, _day(call, on), note))


@command(
    "quote decline",
    change=True,
    prints=one_of("quote"),
    examples=('crm quote decline 5 --reason "too slow"',),
)
def decline(call: Call, ref: Ref, reason: Reason = "", on: On = "") -> None:
    """Note that the customer says no, with the reason."""
    from crmtui.services import quote_flow

    call.record("quote", quote_flow.decline(call.ctx, ref, reason, _day(call, on)))


def _day(call: Call, text: str) -> "date | None":
    from crmtui.clock import parse_date

    with about("on"):
        return parse_date(text, call.ctx.clock.today()) if text else None


@command(
    "quote deal", change=True, prints=one_of("quote"), examples=('crm quote deal 5 --summary "best support"',)
)
def deal(
    call: Call,
    ref: Ref,
    summary: Annotated[str, typer.Option("--summary", help=N_("How the opportunity was won"))] = "",
    on: On = "",
) -> None:
    """Make an accepted quote a deal; its opportunity is won with it."""
    from crmtui.services import quote_flow

    call.record("quote", quote_flow.deal(call.ctx, ref, summary, _day(call, on)))


@command(
    "quote cancel",
    change=True,
    prints=one_of("quote"),
    examples=('crm quote cancel 5 --reason "asked twice"',),
)
def cancel(call: Call, ref: Ref, reason: Reason = "") -> None:
    """Withdraw a quote, with the reason."""
    from crmtui.services import quote_flow

    call.record("quote", quote_flow.cancel(call.ctx, ref, reason))


@command("quote expire", change=True, prints=many_of("quote"), examples=("crm quote expire --dry-run",))
def expire(call: Call) -> None:
    """Let expire what is approved or sent and out of date."""
    from crmtui.services import quote_flow

    call.records("quote", quote_flow.expire(call.ctx))


@command(
    "quote revise",
    change=True,
    prints=one_of("quote"),
    examples=("crm quote revise 5 --discount 5 --valid-until today+30d",),
)
def revise(call: Call, ref: Ref, discount: Discount = "", valid_until: Valid = "", note: Note = "") -> None:
    """Make a new version of a quote, a draft that takes its place."""
    from crmtui.services import quote_versions

    given = {"discount": discount, "valid_until": valid_until}
    said: dict[str, object] = {key: value for key, value in given.items() if value}
    call.record("quote", quote_versions.revise(call.ctx, ref, said, note))


@command(
    "quote counter",
    change=True,
    prints=_TALKS,
    examples=('crm quote counter 5 --price 11500 --note "by phone"',),
)
def counter(
    call: Call,
    ref: Ref,
    price: Annotated[str, typer.Option("--price", help=N_("What they would pay"))] = "",
    note: Annotated[str, typer.Option("--note", help=N_("What they said"))] = "",
    on: On = "",
) -> None:
    """File what the buyer proposes instead."""
    from crmtui.services import quote_versions

    call.rows(_TALKS.columns, quote_versions.counter(call.ctx, ref, price, note, _day(call, on)))


@command("quote versions", prints=many_of("quote"), examples=("crm quote versions 5",))
def versions(call: Call, ref: Ref) -> None:
    """List the versions of a quote, oldest first."""
    from crmtui.services import quote_versions

    call.records("quote", quote_versions.versions(call.ctx, ref))


@command("quote negotiation", prints=_TALKS, examples=("crm quote negotiation 5",))
def negotiation(call: Call, ref: Ref) -> None:
    """Show our versions and the buyer's proposals in order."""
    from crmtui.services import quote_versions

    call.rows(_TALKS.columns, quote_versions.negotiation(call.ctx, ref))


@command(
    "quote print",
    examples=("crm quote print 5", "crm quote print 5 -o quote.pdf"),
    more=N_(
        "A file whose name ends with .pdf is a PDF; all else is plain text. PDFs need the extra crmtui[pdf]."
    ),
)
def print_quote(call: Call, ref: Ref) -> None:
    """Print a quote as the customer gets it: as text, or with -o as a PDF."""
    from pathlib import Path

    from crmtui.services import quote_print

    found = quote_print.document(call.ctx, ref)
    if (call.options.output or "").lower().endswith(".pdf"):
        made = quote_print.pdf(found)
        Path(call.out.path).write_bytes(made)
    else:
        call.text(quote_print.text(found))


@command(
    "quote rule",
    change=True,
    prints=_RULES,
    examples=(
        "crm quote rule",
        "crm quote rule --on-won no",
        "crm quote rule --state draft --revisions free",
    ),
)
def rule(
    call: Call,
    on_won: Annotated[
        str,
        typer.Option("--on-won", metavar="yes|no", help=N_("Whether winning an opportunity makes a quote")),
    ] = "",
    state: Annotated[
        str, typer.Option("--state", metavar="draft|approved", help=N_("How quotes from opportunities begin"))
    ] = "",
    revisions: Annotated[
        str, typer.Option("--revisions", metavar="ask|free", help=N_("Whether revisions need approval again"))
    ] = "",
) -> None:
    """Show or change the company's rules for quotes."""
    from crmtui.services import quote_rule

    given = {"on_won": on_won, "state": state, "revisions": revisions}
    said = {name: value for name, value in given.items() if value}
    call.one(_RULES.columns, quote_rule.change(call.ctx, said) if said else quote_rule.rules(call.ctx))
