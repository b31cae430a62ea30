"""`crm contract`: made, approved, signed, carried out, changed, closed."""

from dataclasses import replace
from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.document import LINES, Ref, day, lines, listed
from crmtui.commands.options import whole
from crmtui.commands.prints import many_of, one_of, rows
from crmtui.commands.verb import command
from crmtui.errors import Invalid
from crmtui.i18n import N_

Note = Annotated[str, typer.Option("--note", help=N_("Why, for the history"))]
Reason = Annotated[str, typer.Option("--reason", help=N_("Why"))]
On = Annotated[str, typer.Option("--on", help=N_("The day; today if not said"))]
_ONE = one_of("contract")

lines("contract", "K")


@command(
    "contract from-quote",
    change=True,
    prints=_ONE,
    examples=("crm contract from-quote 5", 'crm contract from-quote Q-5 --name "Frame 2027"'),
)
def from_quote(
    call: Call,
    quote: Annotated[str, typer.Argument(metavar="QUOTE", help=N_("The quote: 5, Q-5, ext:ID or its name"))],
    name: Annotated[
        str, typer.Option("--name", help=N_("What the contract is called; as the quote if not said"))
    ] = "",
) -> None:
    """Make a contract of an accepted quote, with its lines."""
    from crmtui.services import contract

    call.record("contract", contract.from_quote(call.ctx, quote, name))


@command("contract submit", change=True, prints=_ONE, examples=("crm contract submit 8",))
def submit(call: Call, ref: Ref, note: Note = "") -> None:
    """Ask for the approval of a contract; where no approval flow applies it is approved at once."""
    from crmtui.services import contract

    call.record("contract", contract.submit(call.ctx, ref, note))


@command("contract sign", change=True, prints=_ONE, examples=("crm contract sign 8 --on 2027-01-15",))
def sign(call: Call, ref: Ref, on: On = "", note: Note = "") -> None:
    """Put a contract in force; one that needs approval is submitted first."""
    from crmtui.services import contract

    call.record("contract", contract.sign(call.ctx, ref, day(call, "on", on), note))


@command(
    "contract advance",
    change=True,
    prints=_ONE,
    examples=("crm contract advance 8", "crm contract advance 8 --to executing"),
)
def advance(
    call: Call,
    ref: Ref,
    to: Annotated[str, typer.Option("--to", help=N_("The state; the next one if not said"))] = "",
    note: Note = "",
) -> None:
    """Move a contract to the next step of its life, or to another."""
    from crmtui.services import contract

    call.record("contract", contract.advance(call.ctx, ref, to, note))


@command(
    "contract exec",
    change=True,
    prints=replace(_ONE, also=(many_of("contract"),)),
    examples=(
        "crm contract exec 8 --delivered SCN-200x100",
        "crm contract exec 8 --returned 1x2",
        "crm contract exec --input deliveries.jsonl",
    ),
)
def execute(
    call: Call,
    ref: Annotated[
        str, typer.Argument(metavar="REF", help=N_("The contract: 8, K-8, ext:ID or its name"))
    ] = "",
    delivered: Annotated[
        list[str] | None,
        typer.Option("--delivered", help=N_("A line and how much: SCN-200x100, 1x100; repeat it")),
    ] = None,
    returned: Annotated[
        list[str] | None,
        typer.Option("--returned", help=N_("A line and how much of it came back; repeat it")),
    ] = None,
    on: On = "",
    note: Note = "",
    input: Annotated[
        str,
        typer.Option(
            "--input",
            metavar="FILE",
            help=N_(
                "Deliveries from JSON: contract, line, delivered or returned, on, note; - for standard input"
            ),
        ),
    ] = "",
) -> None:
    """Enter what was delivered of a contract, or came back; how far it is carried out follows."""
    from crmtui.services import contract_work

    if bool(delivered) + bool(returned) + bool(input) != 1 or not (ref or input):
        raise Invalid(
            "contract.exec",
            N_("Say what was delivered, or what came back."),
            field="delivered",
            hint=N_("Give --delivered, --returned or --input FILE."),
        )
    if input:
        from crmtui.commands import reading

        call.records("contract", contract_work.take_over(call.ctx, reading.objects(input).items, ref))
        return
    kind = "delivered" if delivered else "returned"
    items = list(delivered or returned or ())
    done = contract_work.execute(call.ctx, ref, items, kind, day(call, "on", on), note)
    call.record("contract", done)


_MILESTONES = rows(position="whole", text="line", percent="whole", due_on="day", done_on="day")


@command(
    "contract milestone list",
    help=N_("List the milestones"),
    prints=_MILESTONES,
    examples=("crm contract milestone list 8",),
)
def milestone_list(call: Call, ref: Ref) -> None:
    """List the milestones that measure a contract."""
    from crmtui.services import contract_work

    call.rows(_MILESTONES.columns, contract_work.milestones(call.ctx, ref))


@command(
    "contract milestone add",
    change=True,
    help=N_("Measure a contract by a milestone"),
    prints=_MILESTONES,
    examples=('crm contract milestone add 8 "Installed" --percent 30 --due 2027-03-31',),
)
def milestone_add(
    call: Call,
    ref: Ref,
    text: Annotated[str, typer.Argument(metavar="TEXT", help=N_("What is reached then"))],
    percent: Annotated[
        str, typer.Option("--percent", help=N_("Its share of the contract, in whole percent"))
    ] = "",
    due: Annotated[str, typer.Option("--due", help=N_("By when"))] = "",
) -> None:
    """Measure a contract by a milestone, with its share of the whole."""
    from crmtui.services import contract_work

    weight = whole("--percent", percent)
    call.rows(
        _MILESTONES.columns, contract_work.add_milestone(call.ctx, ref, text, weight, day(call, "due", due))
    )


@command(
    "contract milestone reach",
    change=True,
    help=N_("Say that a milestone is reached"),
    prints=_MILESTONES,
    examples=("crm contract milestone reach 8 1",),
)
def milestone_reach(
    call: Call,
    ref: Ref,
    number: Annotated[str, typer.Argument(metavar="N", help=N_("Which milestone: 1 is the first"))],
    on: On = "",
) -> None:
    """Say that a milestone is reached."""
    from crmtui.services import contract_work

    position = whole("N", number)
    call.rows(_MILESTONES.columns, contract_work.reach(call.ctx, ref, position, day(call, "on", on)))


@command("contract progress", prints=LINES, examples=("crm contract progress 8",))
def progress(call: Call, ref: Ref) -> None:
    """Show how far each line of a contract is delivered."""
    listed(call, "contract", ref)


@command(
    "contract interrupt",
    change=True,
    prints=_ONE,
    examples=('crm contract interrupt 8 --reason "site closed"',),
)
def interrupt(call: Call, ref: Ref, reason: Reason = "") -> None:
    """Interrupt a contract that is being carried out."""
    from crmtui.services import contract

    call.record("contract", contract.interrupt(call.ctx, ref, reason))


@command("contract resume", change=True, prints=_ONE, examples=("crm contract resume 8",))
def resume(call: Call, ref: Ref, note: Note = "") -> None:
    """Go on with an interrupted contract."""
    from crmtui.services import contract

    call.record("contract", contract.resume(call.ctx, ref, note))


@command("contract complete", change=True, prints=_ONE, examples=("crm contract complete 8",))
def complete(call: Call, ref: Ref, note: Note = "") -> None:
    """Say that a contract is carried out."""
    from crmtui.services import contract

    call.record("contract", contract.complete(call.ctx, ref, note))


@command("contract close", change=True, prints=_ONE, examples=("crm contract close 8",))
def close(call: Call, ref: Ref, note: Note = "") -> None:
    """Close a completed contract."""
    from crmtui.services import contract

    call.record("contract", contract.close(call.ctx, ref, note))


@command(
    "contract cancel", change=True, prints=_ONE, examples=('crm contract cancel 8 --reason "budget cut"',)
)
def cancel(call: Call, ref: Ref, reason: Reason = "") -> None:
    """Give up a contract that is not in force, or interrupted."""
    from crmtui.services import contract

    call.record("contract", contract.cancel(call.ctx, ref, reason))


@command(
    "contract change",
    change=True,
    prints=_ONE,
    examples=(
        "crm contract change 8 --add SCN-200x20",
        'crm contract change 8 --quantity 1=150 --reason "five sites more"',
        "crm contract change 8 --amount 120000",
    ),
)
def change(
    call: Call,
    ref: Ref,
    add: Annotated[
        list[str] | None, typer.Option("--add", help=N_("A line more, such as SCN-200x20@2400; repeat it"))
    ] = None,
    quantity: Annotated[
        list[str] | None,
        typer.Option("--quantity", help=N_("LINE=QUANTITY: another quantity of a line; repeat it")),
    ] = None,
    remove: Annotated[list[str] | None, typer.Option("--remove", help=N_("A line less; repeat it"))] = None,
    amount: Annotated[str, typer.Option("--amount", help=N_("Another amount, where it has no lines"))] = "",
    discount: Annotated[
        str, typer.Option("--discount", help=N_("Another discount on the whole, in percent"))
    ] = "",
    reason: Reason = "",
) -> None:
    """Make a new version of a signed contract; the older ones stay as they were."""
    from crmtui.services import contract_versions

    wanted = contract_versions.Change(
        tuple(add or ()), tuple(quantity or ()), tuple(remove or ()), amount, discount
    )
    call.record("contract", contract_versions.change(call.ctx, ref, wanted, reason))


_VERSIONS = rows(
    version="whole",
    current="flag",
    made_on="day",
    amount="money",
    tax="money",
    total="money",
    discount="whole",
    reason="line",
)


@command(
    "contract versions",
    prints=replace(_VERSIONS, also=(LINES,)),
    examples=("crm contract versions 8", "crm contract versions 8 --show 1"),
)
def versions(
    call: Call,
    ref: Ref,
    show: Annotated[str, typer.Option("--show", metavar="N", help=N_("The lines of this version"))] = "",
) -> None:
    """List the versions of a contract, the current one last; or the lines of one of them."""
    from crmtui.services import contract_versions

    if show:
        call.rows(LINES.columns, contract_versions.lines_of(call.ctx, ref, whole("--show", show)))
        return
    call.rows(_VERSIONS.columns, contract_versions.versions(call.ctx, ref))


@command("contract order", change=True, prints=one_of("order"), examples=("crm contract order 8",))
def order(
    call: Call,
    ref: Ref,
    kind: Annotated[str, typer.Option("--kind", help=N_("How it came: online, fax, sales, agent"))] = "",
    due: Annotated[str, typer.Option("--due-on", help=N_("When it is to be delivered"))] = "",
) -> None:
    """Order all that was not ordered from a contract yet, in one step."""
    from crmtui.services import records

    given = {"contract": ref, "kind": kind, "due_on": due}
    made = records.add(call.ctx, "order", {name: value for name, value in given.items() if value})
    call.record("order", made)


_OVERVIEW = rows(
    kind="line", record="line", text="line", on="day", quantity="line", amount="money", state="line"
)


@command("contract overview", prints=_OVERVIEW, examples=("crm contract overview 8",))
def overview(call: Call, ref: Ref) -> None:
    """Show all that hangs on a contract: lines, deliveries, orders, bills, instalments, payments."""
    from crmtui.services import contract_work

    call.rows(_OVERVIEW.columns, contract_work.overview(call.ctx, ref))
