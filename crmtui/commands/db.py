"""`crm db`: a copy of the store, the way back, what is derived recomputed, an older store brought up."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.prints import one, rows
from crmtui.commands.verb import command
from crmtui.errors import Partial
from crmtui.i18n import N_

_COPY = one(place="line", bytes="whole", schema="whole", last_tx="whole")
_ADDED = rows(what="line", on="line", names="text")
_CHECKED = rows(noun="line", records="whole", wrong="whole", repaired="whole")


@command(
    "db backup",
    prints=_COPY,
    more=N_(
        "The copy is of one state, even while others write, and is checked before it appears under its name. "
        "Of a PostgreSQL database, pg_dump writes it."
    ),
    examples=("crm db backup crm-2026-11-20.db",),
)
def backup(
    call: Call, file: Annotated[str, typer.Argument(metavar="FILE", help=N_("The copy, a new file"))]
) -> None:
    """Write a copy of the store, and print where it is, its size, schema and last transaction."""
    from crmtui.services import backup as copies

    row = asdict(copies.backup(call.ctx, Path(file)))
    call.one(_COPY.columns, row)


@command(
    "db restore",
    prints=_COPY,
    more=N_("The place of the store (--db) must hold nothing yet: a store is never overwritten."),
    examples=("crm db restore crm-2026-11-20.db --db sqlite:////srv/crm/crm.db",),
)
def restore(
    call: Call, file: Annotated[str, typer.Argument(metavar="FILE", help=N_("The copy to put back"))]
) -> None:
    """Make a store of a copy, and print where it is, its size, schema and last transaction."""
    from crmtui.services import backup as copies

    row = asdict(copies.restore(call.flags, Path(file)))
    call.out.one(_COPY.columns, row, {})
    call.say(N_("Next: crm doctor"))


@command(
    "db upgrade",
    prints=_ADDED,
    change=True,
    more=N_(
        "What is there stays as it is: records, rights and lists. A SQLite store is copied beside itself first; of a "
        "PostgreSQL database no copy is made, so make one with pg_dump or crm db backup of the program that made it."
    ),
    examples=("crm db upgrade --dry-run", "crm db upgrade"),
)
def upgrade(call: Call) -> None:
    """Add the tables, columns, rights and lists that are new in this program, and print them."""
    from crmtui.services import upgrade as upgrading

    done = upgrading.run(call.flags, dry_run=call.options.dry_run, now=call.options.now)
    call.rows(_ADDED.columns, [{**asdict(each), "names": ", ".join(each.names)} for each in done.added])
    if call.options.dry_run:
        call.say(N_("Dry run: nothing was changed."))
    elif done.copy:
        call.say(N_("The store as it was: {file}"), file=done.copy)
    elif done.added:
        call.say(N_("No copy was made: this is a PostgreSQL database."))
    else:
        call.say(N_("The store is up to date: schema {version}."), version=done.now)


@command(
    "db check",
    prints=_CHECKED,
    change=True,
    more=N_(
        "Search keys go wrong when somebody writes to the database past the program, or while an import that was ended "
        "by force has not made its rows ready for searching."
    ),
    examples=("crm db check", "crm db check --repair"),
)
def check(
    call: Call,
    repair: Annotated[bool, typer.Option("--repair", help=N_("Write the right ones"))] = False,
) -> None:
    """Recompute the search keys of every record and compare; print one row for each noun."""
    from crmtui.services import derived

    found = derived.check(call.ctx, repair=repair)
    call.rows(_CHECKED.columns, [asdict(each) for each in found])
    wrong = sum(each.wrong - each.repaired for each in found)
    if wrong:
        raise Partial(
            "check.wrong",
            N_("{wrong} records have wrong search keys."),
            hint=N_("Put them right: crm db check --repair"),
            wrong=f"{wrong:,}",
        )
