"""What can be done with records: for each kind its verbs, their titles, their command lines, and what runs them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext, ngettext

if TYPE_CHECKING:
    from crmtui.services.context import Context

Run = Callable[[Any, str, list[str]], Awaitable[None]]
"""(screen, noun, refs): asks what it needs, changes, and says what was done."""


@dataclass(frozen=True)
class RecordVerb:
    """A verb on records. `action` is the key action that does the same; `states` those in which it makes sense."""

    name: str
    title: str
    command: str
    run: Run
    action: str = ""
    many: bool = True
    states: tuple[str, ...] = ()
    away: bool | None = False
    """Whether it is for records that were put away; None for all."""

    @property
    def right(self) -> str:
        """The verb of the right that it takes."""
        return self.command.split()[2]

    def why_not(self, noun: str, rows: Sequence[Any]) -> str:
        """Why it is off for these rows (presented records); empty when it is on."""
        if not rows:
            return gettext(N_("There is no record here."))
        if len(rows) > 1 and not self.many:
            return gettext(N_("One record at a time."))
        away = [row for row in rows if row.get("archived_at") is not None]
        if self.away is not None and bool(away) is not self.away:
            return gettext(N_("It is put away.")) if away else gettext(N_("It is not put away."))
        if self.states:
            found = [str(row["state"]) for row in rows if row.get("state") not in (None, *self.states)]
            if found:
                return gettext(N_("It is {state}.")).format(state=gettext(found[0]))
        return ""


def verbs_of(noun: str) -> list[RecordVerb]:
    """The verbs of `noun` in the order of the menu."""
    from crmtui.services.nouns import NOUNS

    declared = NOUNS[noun]
    found = list(_OWN.get(noun, ()))
    if "edit" in declared.verbs:
        found.append(RecordVerb("edit", N_("Edit…"), f"crm {noun} edit {{ref}}", edit, "edit"))
        if noun in _OWNED:
            found.append(
                RecordVerb(
                    "give", N_("Give to someone…"), f"crm {noun} edit {{ref}} --owner", give, "move_to"
                )
            )
    if "archive" in declared.verbs:
        found.append(RecordVerb("archive", N_("Put away"), f"crm {noun} archive {{ref}}", archive, "remove"))
    if "restore" in declared.verbs:
        found.append(
            RecordVerb("restore", N_("Bring back"), f"crm {noun} restore {{ref}}", restore, away=True)
        )
    if "history" in declared.verbs:
        found.append(
            RecordVerb(
                "history", N_("History"), f"crm {noun} history {{ref}}", history, many=False, away=None
            )
        )
    return found


def verb_of(noun: str, action: str) -> RecordVerb | None:
    """The verb that the key action means for `noun`."""
    return next((verb for verb in verbs_of(noun) if verb.action == action), None)


def named(refs: Sequence[str], one: str, many: str, **more: str) -> str:
    """What was done, said of one record or of several; both are marked texts with {ref}, {count} and what `more` names."""
    return ngettext(one, many, len(refs)).format(ref=refs[0], count=f"{len(refs):,}", **more)


async def together(
    screen: Any, noun: str, verb: str, refs: list[str], each: "Callable[[Context, str], Any]", said: str
) -> None:
    """Do `each` for every record in one step, which one undo takes back; all or nothing."""

    def work(ctx: "Context") -> int:
        with ctx.together(f"{noun}.{verb}"):
            for ref in refs:
                each(ctx, ref)
        return len(refs)

    await screen.changed(work, said)


# What every kind of record has


async def edit(screen: Any, noun: str, refs: list[str]) -> None:
    """The form of one record, or of what several have in common."""
    from crmtui.screens.forms import FormSheet

    sheet = FormSheet(noun, refs[0]) if len(refs) == 1 else FormSheet(noun, refs=refs)
    await screen.program.push_screen(sheet)


async def give(screen: Any, noun: str, refs: list[str]) -> None:
    """Choose a person; the records become theirs."""
    from crmtui.screens.picker import Picker
    from crmtui.services import records

    found = await screen.program.push_screen_wait_safe(Picker("user", gettext(N_("Give to"))))
    if found is None:
        return
    ref, name = found
    said = named(refs, N_("{ref} is {name}'s now"), N_("{count} records are {name}'s now"), name=name)
    await together(
        screen,
        noun,
        "edit",
        refs,
        lambda ctx, one: records.edit(ctx, noun, one, {"owner": ref}),
        said,
    )


async def archive(screen: Any, noun: str, refs: list[str]) -> None:
    """Put records away; of people who have records it asks first who takes these."""
    from crmtui.services import records

    if noun == "user" and len(refs) == 1 and await _handed_over(screen, refs[0]):
        return
    await together(
        screen,
        noun,
        "archive",
        refs,
        lambda ctx, ref: records.archive(ctx, noun, ref),
        named(refs, N_("{ref} put away"), N_("{count} records put away")),
    )


async def _handed_over(screen: Any, ref: str) -> bool:
    """Ask who takes what belongs to a person; True when that was answered otherwise than by putting them away alone."""
    from crmtui.errors import CrmError
    from crmtui.screens.ask import Choose, Way
    from crmtui.screens.columnsets import counted
    from crmtui.screens.frame import told
    from crmtui.services import related

    try:
        found = await screen.desk.read(lambda ctx: related.owned(ctx, ref))
    except CrmError as error:
        screen.program.note(told(error), "error")
        return True
    if not found:
        return False
    owns = ", ".join(counted(one.noun, one.count) for one in found)
    ways = [
        Way("give", gettext(N_("Choose who takes them…")), gettext(N_("then the person is put away"))),
        Way("away", gettext(N_("Put the person away")), gettext(N_("what belongs to them stays theirs"))),
    ]
    title = gettext(N_("{ref} has {records}")).format(ref=ref, records=owns)
    way = await screen.program.push_screen_wait_safe(Choose(title, ways))
    if way == "give":
        await _hand_over(screen, ref, [one.noun for one in found])
    return bool(way != "away")


async def _hand_over(screen: Any, ref: str, nouns: Sequence[str]) -> None:
    from crmtui.screens.picker import Picker
    from crmtui.services import records

    found = await screen.program.push_screen_wait_safe(Picker("user", gettext(N_("Who takes them?"))))
    if found is None:
        return
    heir, name = found

    def work(ctx: "Context") -> str:
        with ctx.together("user.archive"):
            for noun in nouns:
                records.edit_where(ctx, noun, f"owner = {ref}", {"owner": heir})
            records.archive(ctx, "user", ref)
        return ref

    await screen.changed(
        work, gettext(N_("{ref} put away, {name} has their records")).format(ref=ref, name=name)
    )


async def restore(screen: Any, noun: str, refs: list[str]) -> None:
    """Bring back what was put away."""
    from crmtui.services import records

    await together(
        screen,
        noun,
        "restore",
        refs,
        lambda ctx, ref: records.restore(ctx, noun, ref),
        named(refs, N_("{ref} is back"), N_("{count} records are back")),
    )


async def history(screen: Any, noun: str, refs: list[str]) -> None:
    """The page of the record, at its history."""
    from crmtui.screens.sections import page_class

    await screen.program.push_screen(page_class(noun)(noun, refs[0], tab="history"))


# Leads


async def qualify(screen: Any, noun: str, refs: list[str]) -> None:
    """Qualify, with a word on why if one is given."""
    from crmtui.services import lead

    await together(
        screen,
        "lead",
        "qualify",
        refs,
        lambda ctx, ref: lead.qualify(ctx, ref),
        named(refs, N_("{ref} qualified"), N_("{count} leads qualified")),
    )


async def disqualify(screen: Any, noun: str, refs: list[str]) -> None:
    """Rule out, with the reason."""
    from crmtui.screens.ask import Reason
    from crmtui.services import lead

    reason = await screen.program.push_screen_wait_safe(
        Reason(gettext(N_("Why is it no lead for us?")), verb="lead.disqualify")
    )
    if reason:
        await together(
            screen,
            "lead",
            "disqualify",
            refs,
            lambda ctx, ref: lead.disqualify(ctx, ref, reason),
            named(refs, N_("{ref} ruled out"), N_("{count} leads ruled out")),
        )


async def convert(screen: Any, noun: str, refs: list[str]) -> None:
    """Customer, contact and opportunity of a qualified lead; then the opportunity is opened."""
    from crmtui.services import lead, records

    def work(ctx: "Context") -> str:
        lead.convert(ctx, refs[0])
        opp = records.show(ctx, "lead", refs[0])["opp"]
        return opp.ref if opp is not None else ""

    opp = await screen.changed(work, gettext(N_("{ref} converted")).format(ref=refs[0]))
    if opp:
        await screen.program.open_record(opp)


# Opportunities


async def advance(screen: Any, noun: str, refs: list[str]) -> None:
    """On to the next stage; where several lead on, one is chosen."""
    await move(screen, refs, 1)


async def retreat(screen: Any, noun: str, refs: list[str]) -> None:
    """Back to the stage before, where the process allows it."""
    await move(screen, refs, -1)


async def move(screen: Any, refs: list[str], by: int) -> None:
    """`by` stages along the process."""
    from crmtui.services import stages

    def work(ctx: "Context") -> str:
        with ctx.together("opp.advance"):
            names = [stages.move(ctx, ref, by) for ref in refs]
        return " / ".join(dict.fromkeys(names))

    await screen.changed(
        work,
        lambda stage: named(
            refs, N_("{ref} moved to {stage}"), N_("{count} opportunities moved to {stage}"), stage=stage
        ),
    )


async def adjust(screen: Any, noun: str, refs: list[str]) -> None:
    """Value, probability, close date."""
    from crmtui.screens.forms import FormSheet

    await screen.program.push_screen(
        FormSheet(
            "opp",
            refs[0],
            only=("amount", "probability", "expected_close_on"),
            title=gettext(N_("Adjust {ref}")).format(ref=refs[0]),
        )
    )


async def win(screen: Any, noun: str, refs: list[str]) -> None:
    """Close as won: the summary is asked."""
    await _close(screen, refs[0], True)


async def lose(screen: Any, noun: str, refs: list[str]) -> None:
    """Close as lost: summary, reason and competitor are asked."""
    await _close(screen, refs[0], False)


async def _close(screen: Any, ref: str, won: bool) -> None:
    from crmtui.screens.closing import closing

    await screen.program.push_screen(closing(ref, won))


async def reopen(screen: Any, noun: str, refs: list[str]) -> None:
    """Open again what was closed."""
    from crmtui.services import opportunity

    await together(
        screen,
        "opp",
        "reopen",
        refs,
        lambda ctx, ref: opportunity.reopen(ctx, ref),
        named(refs, N_("{ref} is open again"), N_("{count} opportunities are open again")),
    )


async def team(screen: Any, noun: str, refs: list[str]) -> None:
    """Choose a person who works on it too."""
    from crmtui.screens.picker import Picker
    from crmtui.services import opportunity

    found = await screen.program.push_screen_wait_safe(Picker("user", gettext(N_("Add to the team"))))
    if found is not None:
        person, name = found
        await screen.changed(
            lambda ctx: opportunity.team_add(ctx, refs[0], person),
            gettext(N_("{name} works on {ref} now")).format(name=name, ref=refs[0]),
        )


_OWNED = ("lead", "account", "contact", "opp")
_LIVE = ("new", "assigned", "working", "qualified")
_OWN: dict[str, tuple[RecordVerb, ...]] = {
    "lead": (
        RecordVerb("qualify", N_("Qualify"), "crm lead qualify {ref}", qualify, "agree", states=_LIVE[:3]),
        RecordVerb(
            "convert",
            N_("Make an opportunity of it"),
            "crm lead convert {ref}",
            convert,
            "stage_on",
            many=False,
            states=("qualified",),
        ),
        RecordVerb(
            "disqualify",
            N_("Rule out…"),
            "crm lead disqualify {ref} --reason",
            disqualify,
            "refuse",
            states=_LIVE,
        ),
    ),
    "opp": (
        RecordVerb(
            "advance", N_("On a stage"), "crm opp advance {ref}", advance, "stage_on", states=("open",)
        ),
        RecordVerb(
            "retreat",
            N_("Back a stage"),
            "crm opp advance {ref} --to",
            retreat,
            "stage_back",
            states=("open",),
        ),
        RecordVerb(
            "adjust",
            N_("Value, probability, close date…"),
            "crm opp adjust {ref}",
            adjust,
            many=False,
            states=("open",),
        ),
        RecordVerb("win", N_("Won…"), "crm opp close {ref} --won", win, many=False, states=("open",)),
        RecordVerb("lose", N_("Lost…"), "crm opp close {ref} --lost", lose, many=False, states=("open",)),
        RecordVerb(
            "reopen", N_("Open again"), "crm opp reopen {ref}", reopen, states=("won", "lost", "suspended")
        ),
        RecordVerb("team", N_("Add to the team…"), "crm opp team add {ref}", team, many=False),
    ),
}
