"""`crm dup` and `crm account check`: duplicates found, told apart, merged, and kept from being entered."""

from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import Prints, many_of, one, one_of, rows
from crmtui.commands.verb import command
from crmtui.i18n import N_

_MATCHES = rows(ref="line", name="line", score="whole", reasons="line")
_SCAN = one(read="whole", pairs="whole", new="whole", gone="whole")
_POLICY = one(None, **dict.fromkeys(("account", "contact", "lead", "import", "reveal"), "line"))

Noun = Annotated[str, typer.Argument(metavar="NOUN", help=N_("account, contact or lead"))]
One = Annotated[str, typer.Argument(metavar="PAIR|REF", help=N_("The pair DU-3, or its first record"))]
Other = Annotated[str, typer.Argument(metavar="[REF]", help=N_("The second record"))]
Kind = Annotated[
    str,
    typer.Option("--noun", help=N_("What they are, where they are named otherwise than by refs such as A-7")),
]
Note = Annotated[str, typer.Option("--note", help=N_("Why; kept with the change"))]
Fields = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help=N_("What else is known; repeat it"))
]


def _check(call: Call, noun: str, name: str, sets: list[str] | None, **known: str) -> None:
    from crmtui.commands.derive import given
    from crmtui.services import dup, shape

    values = {**given({}, sets), **{field: value for field, value in known.items() if value}}
    if name:
        values[shape.label(dup.check_noun(noun)) or "name"] = name
    found = dup.check(call.ctx, noun, values)
    call.rows(_MATCHES.columns, [match.as_row() for match in found])
    if not found:
        call.say(N_("Nothing looks like it."))


@command(
    "account check",
    prints=_MATCHES,
    more=N_("Customers out of your sight are told without their name: ask your superior."),
    examples=('crm account check "Acme Ltd"', "crm account check --phone 13800138000"),
)
def account_check(
    call: Call,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help=N_("The name as you would enter it"))] = "",
    phone: Annotated[str, typer.Option("--phone", help=N_("Its phone"))] = "",
    email: Annotated[str, typer.Option("--email", help=N_("Its mail address"))] = "",
    website: Annotated[str, typer.Option("--website", help=N_("Its website"))] = "",
    tax_number: Annotated[str, typer.Option("--tax-number", help=N_("Its tax number"))] = "",
    sets: Fields = None,
) -> None:
    """Tell whether a customer exists already, and why it is taken for the same."""
    _check(call, "account", name, sets, phone=phone, email=email, website=website, tax_number=tax_number)


@command(
    "dup check",
    prints=_MATCHES,
    examples=(
        'crm dup check account "Acme Ltd"',
        'crm dup check contact "Li Lei" --set birth_date=1990-02-03',
    ),
)
def check(
    call: Call,
    noun: Noun,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help=N_("The name as you would enter it"))] = "",
    sets: Fields = None,
) -> None:
    """Tell what already looks like a record that you are about to enter."""
    _check(call, noun, name, sets)


@command(
    "dup scan",
    change=True,
    prints=_SCAN,
    more=N_("crm dup list shows what was found; pairs that were decided stay decided."),
    examples=("crm dup scan account", "crm dup scan contact --least 70"),
)
def scan(
    call: Call,
    noun: Noun,
    least: Annotated[str, typer.Option("--least", metavar="N", help=N_("The least score, 1 to 100"))] = "50",
) -> None:
    """Look through all records of a kind, and keep the pairs that look alike."""
    from crmtui.commands.options import whole
    from crmtui.services import dup

    found = dup.scan(call.ctx, noun, least=whole("--least", least))
    call.figures(read=found.read, pairs=found.pairs, new=found.new, gone=found.gone)


@command(
    "dup different",
    change=True,
    prints=one_of("dup"),
    examples=("crm dup different DU-3", "crm dup different A-7 A-9"),
)
def different(call: Call, pair: One, other: Other = "", noun: Kind = "account", note: Note = "") -> None:
    """Remember that two records are not the same; they are not found again."""
    from crmtui.services import dup

    call.record("dup", dup.different(call.ctx, pair, other, note, noun=noun))


@command(
    "dup policy",
    change=True,
    prints=_POLICY,
    more=N_(
        "For account, contact and lead: block, ask (the owner of what exists), warn or off. For import: block or off. "
        "For reveal, what is told of a record out of sight: nothing or owner."
    ),
    examples=("crm dup policy", "crm dup policy account warn", "crm dup policy reveal owner"),
)
def policy(
    call: Call,
    name: Annotated[
        str, typer.Argument(metavar="[WHAT]", help=N_("account, contact, lead, import, reveal"))
    ] = "",
    value: Annotated[str, typer.Argument(metavar="[VALUE]", help=N_("What shall hold"))] = "",
) -> None:
    """Show or decide what happens when somebody enters what exists already."""
    from crmtui.services import dup_guard

    found = dup_guard.policies(call.ctx)
    if value or (name and name not in found):
        found = dup_guard.set_policy(call.ctx, name, value)
    call.one(_POLICY.columns, found)


@command(
    "dup merge",
    change=True,
    prints=one_of("account", one_of("contact"), one_of("lead")),
    more=N_(
        "The first stays. It takes over what it lacks, and the fields that you name; opportunities, contacts and all else "
        "that points at the second point at it."
    ),
    examples=("crm dup merge A-7 A-9", "crm dup merge A-7 A-9 --take phone,street"),
)
def merge(
    call: Call,
    keep: Annotated[str, typer.Argument(metavar="KEEP", help=N_("The record that stays, such as A-7"))],
    gone: Annotated[str, typer.Argument(metavar="OTHER", help=N_("The record that is merged into it"))],
    take: Annotated[
        str,
        typer.Option(
            "--take", metavar="FIELDS", help=N_("Fields that it takes from the other although it has them")
        ),
    ] = "",
    noun: Kind = "account",
    note: Note = "",
) -> None:
    """Make one record of two."""
    from crmtui.services import dup_merge

    names = [name.strip() for name in take.split(",") if name.strip()]
    found = dup_merge.merge(call.ctx, keep, gone, take=names, noun=noun, note=note)
    call.record(found.kept.NOUN, found.kept)
    moved = ", ".join(f"{noun} {count}" for noun, count in sorted(found.moved.items()))
    if moved:
        call.say(N_("Moved to it: {moved}"), moved=moved)


@command(
    "dup unmerge",
    change=True,
    prints=Prints(True, "account", also=(many_of("contact"), many_of("lead"))),
    more=N_("What was changed or came since the merge stays with the record that was kept."),
    examples=("crm dup unmerge A-7 A-9", "crm dup unmerge DU-3"),
)
def unmerge(call: Call, pair: One, other: Other = "", noun: Kind = "account", note: Note = "") -> None:
    """Make two records again of what was merged."""
    from crmtui.services import dup_merge

    found = dup_merge.unmerge(call.ctx, pair, other, note, noun=noun)
    call.records(found[0].NOUN, found)
