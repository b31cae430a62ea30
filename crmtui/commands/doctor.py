"""`crm doctor`: how the store is, and how well it is protected."""

from dataclasses import asdict

from crmtui.commands.call import Call
from crmtui.commands.prints import rows
from crmtui.commands.verb import command
from crmtui.errors import Partial, Refused
from crmtui.i18n import N_

_CHECKS = rows(check="state", state="state", finding="line", todo="line")


@command(
    "doctor",
    prints=_CHECKS,
    more=N_(
        "Ends with 0 when all is well, 7 when there are warnings, 6 when something is wrong: fit for cron with -q. "
        "What is only information says how well the store is protected, and is no warning."
    ),
    examples=("crm doctor", "crm doctor --format json --jq '.[] | select(.state != \"ok\")'"),
)
def doctor(call: Call) -> None:
    """Check the store and print one row for each check: check, state, finding, what to do."""
    from crmtui.services import health

    found = [{**asdict(each), "todo": each.todo or None} for each in health.examine(call.ctx)]
    call.rows(_CHECKS.columns, found)
    count = {state: sum(row["state"] == state for row in found) for state in ("error", "warning")}
    call.out.close(done=True)
    if count["error"]:
        raise Refused(
            "doctor.errors",
            N_("{errors} checks failed, {warnings} gave warnings."),
            errors=count["error"],
            warnings=count["warning"],
        )
    if count["warning"]:
        raise Partial("doctor.warnings", N_("{warnings} checks gave warnings."), warnings=count["warning"])


WORDS = (
    (N_("ok"), N_("info"), N_("warning"), N_("error")),
    (
        N_("protection"),
        N_("database"),
        N_("durability"),
        N_("files"),
        N_("disk"),
        N_("schema"),
        N_("integrity"),
    ),
    (N_("journal"), N_("direct writes"), N_("clock"), N_("references"), N_("trees"), N_("administrators")),
    (N_("owners"), N_("search keys")),
)
"""The states, and the names of the checks: programs read them as they are, people in their language."""
