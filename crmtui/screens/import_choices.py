"""What one decides about an import: the field of a column, what its words mean, and how the file is read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens.ask import Choose, Way, Words
from crmtui.screens.glyphs import g
from crmtui.screens.import_rows import MAKES, line_of, noun_title
from crmtui.screens.import_sheets import OneOf
from crmtui.screens.picker import Picker

if TYPE_CHECKING:
    from crmtui.screens.importing import Importing
    from crmtui.screens.place import Place
    from crmtui.services.mapping import Mapping as Plan
    from crmtui.services.mapping import Setting
    from crmtui.services.preview import Match
    from crmtui.services.suggest import Offer

SKIP = "-"
ANEW = "+"


async def one_of(screen: "Importing", title: str, offers: "Sequence[Offer]") -> str | None:
    """The value of the offer that was chosen; None for none."""
    found: list[str] = []
    await screen.program.push_screen_wait_safe(OneOf(title, offers, found.append))
    return found[0] if found else None


# -- columns ----------------------------------------------------------------------------------------------------


def without(plan: "Plan", column: str) -> "Plan":
    """`plan` with this column read into no field."""
    columns = {name: tuple(each for each in found if each != column) for name, found in plan.columns.items()}
    return replace(plan, columns={name: found for name, found in columns.items() if found})


async def change_match(screen: "Importing", match: "Match") -> None:
    """Another field for a column; or, where it has words that mean nothing here, what they mean."""
    if match.new:
        found = await screen.program.push_screen_wait_safe(
            Choose(
                line_of(match.column),
                [
                    Way(
                        "words",
                        ngettext("{count} new value", "{count} new values", len(match.new)).format(
                            count=len(match.new)
                        ),
                        gettext(N_("say what they mean, or add them")),
                    ),
                    Way("field", gettext(N_("Another field")), gettext(N_("or none"))),
                ],
            )
        )
        if found == "words":
            await change_words(screen, match)
        if found != "field":
            return
    await change_field(screen, match)


async def change_field(screen: "Importing", match: "Match") -> None:
    """Ask for the field that the column goes to."""
    if not match.column:
        screen.program.note(
            gettext(N_("A column without a name cannot be matched: name it in the file.")), "warn"
        )
        return
    name = await one_of(
        screen,
        gettext(N_("{column} goes to")).format(column=line_of(match.column, 40)),
        field_offers(screen, match),
    )
    if name is None:
        return
    if name == ANEW:
        title = await screen.program.push_screen_wait_safe(
            Words(
                gettext(N_("New custom field")),
                gettext(N_("Name")),
                text=_code(match.column),
                most=40,
            )
        )
        if not title:
            return
        name = f"x.{_code(title)}"
        screen.plan = replace(screen.plan, create=screen.plan.create | {"attribute"})
    plan = without(screen.plan, match.column)
    if name != SKIP:
        plan = replace(plan, columns={**plan.columns, name: (match.column,)})
    await screen.decide(plan, match.column)


def _code(text: str) -> str:
    """A name for a field, out of what a column is called."""
    import re

    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40] or "column"


def field_offers(screen: "Importing", match: "Match") -> "list[Offer]":
    """Nothing, every field, and a new one."""
    from crmtui.services.suggest import Offer

    assert screen.picture is not None
    taken = {name: " + ".join(columns) for name, columns in screen.plan.columns.items()}
    offers = [Offer(SKIP, gettext(N_("(not used)")), gettext(N_("leave this column out")))]
    for name, each in screen.picture.fields.items():
        star = " *" if each.required else ""
        now = taken.get(name, "")
        offers.append(
            Offer(
                name,
                f"{gettext(each.label) or name}{star}",
                f"{name} {g('left')} {now}" if now else name,
            )
        )
    if screen.may_add_fields:
        offers.append(Offer(ANEW, gettext(N_("A new custom field")), gettext(N_("made by the import"))))
    return offers


# -- words ------------------------------------------------------------------------------------------------------


async def change_words(screen: "Importing", match: "Match") -> None:
    """Go through the words that mean nothing here, until there are none or it is enough."""
    while match.new:
        known = screen.plan.values.get(match.field, {})
        ways = [
            Way(f"= {word}", f"{line_of(word, 40)} {g('times')}{count:,}", _meaning(known.get(word)))
            for word, count in match.new[:200]
        ]
        if match.makes in MAKES and match.makes not in screen.plan.create:
            ways.insert(
                0,
                Way(
                    "add",
                    gettext(N_("Add them all")),
                    gettext(N_("the import makes {records}")).format(records=gettext(MAKES[match.makes])),
                ),
            )
        found = await screen.program.push_screen_wait_safe(
            Choose(
                gettext(N_("New values of {field}")).format(field=match.label or match.field),
                ways,
            )
        )
        if not found:
            return
        if found == "add":
            await screen.decide(replace(screen.plan, create=screen.plan.create | {match.makes}), match.column)
            return
        word = found[2:]
        meaning = await _ask_meaning(screen, match, word)
        if meaning is None:
            continue
        words: Mapping[str, Any] = {**known, word: meaning}
        await screen.decide(
            replace(screen.plan, values={**screen.plan.values, match.field: words}), match.column
        )
        match = next((each for each in screen.matches if each.place == match.place), match)


def _meaning(meaning: Any) -> str:
    if meaning is None:
        return ""
    text = meaning if isinstance(meaning, str) else ", ".join(f"{k} = {v}" for k, v in meaning.items())
    return f"{g('to')} {text}"


async def _ask_meaning(screen: "Importing", match: "Match", word: str) -> "Setting | None":
    from crmtui.services import proposals
    from crmtui.services.suggest import Offer

    title = gettext(N_("{word} means")).format(word=line_of(word, 40))
    assert screen.picture is not None
    field = screen.picture.fields[match.field]
    if field.noun:
        picked = await screen.program.push_screen_wait_safe(Picker(field.noun, title, typed=word))
        return picked.ref if picked is not None else None
    noun, name = screen.noun, match.field
    known = await screen.desk.read(lambda ctx: proposals.meanings(ctx, noun, name))
    offers = [Offer(str(at), shown, _meaning(meaning)) for at, (shown, meaning) in enumerate(known)]
    chosen = await one_of(screen, title, offers)
    return known[int(chosen)][1] if chosen is not None else None


async def choose_mapping(screen: "Place", found: "Sequence[tuple[str, Plan]]") -> "tuple[str, Plan] | None":
    """Which of the mapping files that fit is used; None for none of them."""
    import os

    ways = [
        Way(
            str(at),
            line_of(os.path.basename(path), 40),
            f"{noun_title(plan.noun or '')} {g('dot')} {line_of(os.path.dirname(path), 30)}",
        )
        for at, (path, plan) in enumerate(found)
    ]
    ways.append(Way("none", gettext(N_("By its headers and values")), gettext(N_("without a mapping file"))))
    chosen = await screen.program.push_screen_wait_safe(
        Choose(
            gettext(N_("How the columns are matched")),
            ways,
            about=gettext(N_("These mapping files fit the columns of the file.")),
        )
    )
    return found[int(chosen)] if chosen and chosen != "none" else None
