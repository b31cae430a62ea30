"""How a file is read and what is done with its rows: each a line that Enter changes."""

from dataclasses import replace
from typing import TYPE_CHECKING

from crmtui.i18n import N_, gettext
from crmtui.screens.ask import Choose, Way, Words
from crmtui.screens.glyphs import g
from crmtui.screens.import_choices import ANEW, field_offers, one_of
from crmtui.screens.import_rows import DELIMITERS, MAKES, ON_MATCH, noun_title

if TYPE_CHECKING:
    from crmtui.screens.importing import Importing

ENCODINGS = ("utf-8", "gb18030", "big5", "shift_jis", "euc_kr", "cp1252", "latin-1", "utf-16")


async def change_setting(screen: "Importing", key: str) -> None:
    """Ask how it is to be, and go on with that."""
    change = _CHANGES.get(key.partition(".")[0])
    if change is not None:
        await change(screen, key)


async def _noun(screen: "Importing", key: str) -> None:
    from crmtui.services.suggest import Offer

    offers = [Offer(noun, noun_title(noun), noun) for noun in screen.nouns]
    noun = await one_of(screen, gettext(N_("What the file holds")), offers)
    if noun and noun != screen.noun:
        await screen.hold(noun)


async def _key(screen: "Importing", key: str) -> None:
    assert screen.picture is not None
    fields = screen.picture.fields
    ways = [Way("", gettext(N_("As usual")), gettext(N_("by what tells these records apart")))]
    ways += [
        Way(name, gettext(fields[name].label) or name, name)
        for name in screen.plan.columns
        if name in fields and not fields[name].custom and fields[name].kind not in ("choices", "refs")
    ]
    found = await screen.program.push_screen_wait_safe(Choose(gettext(N_("A record is known by")), ways))
    if found is not None:
        await screen.decide(replace(screen.plan, key=(found,) if found else ()))


async def _on_match(screen: "Importing", key: str) -> None:
    ways = [Way(name, gettext(text), "") for name, text in ON_MATCH.items()]
    found = await screen.program.push_screen_wait_safe(
        Choose(
            gettext(N_("A record that is there already")),
            ways,
            safe=list(ON_MATCH).index(screen.plan.on_match),
        )
    )
    if found:
        await screen.decide(replace(screen.plan, on_match=found))


async def _create(screen: "Importing", key: str) -> None:
    ways = [
        Way(name, f"{g('done') if name in screen.plan.create else g('open')} {gettext(text)}")
        for name, text in MAKES.items()
    ]
    found = await screen.program.push_screen_wait_safe(
        Choose(
            gettext(N_("Make what is missing")),
            ways,
            about=gettext(
                N_("Records that rows point at and that are not there. Each of these is on or off.")
            ),
        )
    )
    if found:
        await screen.decide(replace(screen.plan, create=screen.plan.create ^ {found}))


async def _dates(screen: "Importing", key: str) -> None:
    from datetime import datetime

    from crmtui.services.proposals import DATES, with_form
    from crmtui.services.suggest import Offer

    day = datetime(2026, 12, 31, 13, 0)  # noqa: DTZ001  an example on a calendar
    offers = [Offer("", gettext(N_("as in 2026-12-31")))]
    offers += [Offer(form, day.strftime(form), form) for form in DATES]
    found = await one_of(screen, gettext(N_("How dates are written")), offers)
    if found is not None:
        await screen.decide(with_form(screen.plan, found))


async def _decimal(screen: "Importing", key: str) -> None:
    await screen.decide(replace(screen.plan, decimal="." if screen.plan.decimal == "," else ","))


async def _reading(screen: "Importing", key: str) -> None:
    assert screen.file is not None
    ways = [Way(f"encoding {name}", name) for name in ENCODINGS]
    ways += [Way(f"delimiter {sign}", gettext(text)) for sign, text in DELIMITERS.items()]
    if screen.file.kind in ("xlsx", "xls"):
        ways = [Way("sheet", gettext(N_("Another sheet")))]
    found = await screen.program.push_screen_wait_safe(Choose(gettext(N_("How the file is read")), ways))
    if not found:
        return
    what, _, value = found.partition(" ")
    if what == "sheet":
        name = await screen.program.push_screen_wait_safe(
            Words(gettext(N_("Another sheet")), gettext(N_("Sheet")))
        )
        if not name:
            return
        value = name
    await screen.open_file(screen.file.path, {**screen.file.options, what: value})


async def _default(screen: "Importing", key: str) -> None:
    """Change what stands in every row; nothing takes it away."""
    name = key.partition(".")[2]
    defaults = {each: value for each, value in screen.plan.defaults.items() if each != name}
    found = await screen.program.push_screen_wait_safe(
        Choose(
            gettext(N_("In every row")),
            [
                Way("value", gettext(N_("Another value"))),
                Way("none", gettext(N_("No value"))),
            ],
        )
    )
    if found == "none":
        await screen.decide(replace(screen.plan, defaults=defaults))
    elif found == "value":
        await ask_default(screen, name)


async def add_default(screen: "Importing") -> None:
    """Ask for a field, and for the value that it has in every row that says nothing of its own."""
    offers = field_offers(screen, screen.matches[0])[1:]
    name = await one_of(
        screen,
        gettext(N_("The same in every row")),
        [one for one in offers if one.value != ANEW],
    )
    if name:
        await ask_default(screen, name)


async def ask_default(screen: "Importing", name: str) -> None:
    """Ask for the value of `name` in every row."""
    assert screen.picture is not None
    label = gettext(screen.picture.fields[name].label) or name
    value = await screen.program.push_screen_wait_safe(
        Words(gettext(N_("The same in every row")), label, text=screen.plan.defaults.get(name, ""))
    )
    if value:
        await screen.decide(replace(screen.plan, defaults={**screen.plan.defaults, name: value}))


async def _rejects(screen: "Importing", key: str) -> None:
    found = await screen.program.push_screen_wait_safe(
        Words(gettext(N_("Rejected rows go to")), gettext(N_("File")), text=screen.rejects, most=4000)
    )
    if found:
        screen.rejects = found
        screen.show_facts()


_CHANGES = {
    "noun": _noun,
    "key": _key,
    "on_match": _on_match,
    "create": _create,
    "dates": _dates,
    "decimal": _decimal,
    "reading": _reading,
    "default": _default,
    "rejects": _rejects,
}
