"""The form of a noun, over the right half: made of its declared fields, read as each is left, kept as a draft."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static

from crmtui.errors import Conflict, CrmError, NotFound
from crmtui.i18n import N_, gettext, ngettext
from crmtui.screens.fields import AreaField, FieldRow, Left, LineField, Said, Taken, taken_by_click
from crmtui.screens.frame import Pane, told
from crmtui.screens.glyphs import g
from crmtui.screens.keys import bind, own
from crmtui.screens.place import Sheet
from crmtui.services.nouns import NOUNS
from crmtui.text import clean, cut, width

if TYPE_CHECKING:
    from crmtui.services.context import Context
    from crmtui.services.forms import Held, Question, Shape, Theirs
    from crmtui.services.suggest import Offer

AT_ONCE = 10
"""Fields put up together."""

Saving = Callable[["Context", dict[str, str]], Any]
"""What is done with the texts of a form instead of adding or editing a record."""


class FormSheet(Sheet[str]):
    """A form; its answer is the ref of the record, None when it was left.

    `given` are texts that stand in a new form; `only` the fields it is limited to; `required` those that must be filled
    besides what the noun asks for. With `refs` it changes several records at once, all in one step. `save` does
    something else with the texts, such as closing an opportunity; fields in `loose` are not read before that.
    """

    WHERE = "form"
    PURPOSE = (
        N_("Fields are read when you leave them; what is wrong stands below. * must be filled."),
        N_("Amounts: 2.4M, 240k, 1.2万. Days: 2026-12-28, friday, next friday, tomorrow, +14d."),
    )
    BINDINGS: ClassVar[list[Any]] = [
        *bind("form", save=N_("Save"), priority=("save",)),
        own("form.discard", "ctrl+t", "discard", N_("Drop the draft"), priority=True),
    ]
    DEFAULT_CSS = """
    FormSheet #fields { height: 1fr; scrollbar-size: 1 1; }
    FormSheet .form--group { color: $primary; text-style: bold; margin: 1 0 0 0; height: 1; }
    FormSheet #said { height: auto; max-height: 4; color: $muted; display: none; }
    FormSheet #said.-shown { display: block; }
    FormSheet #said.-wrong { color: $error; }
    """

    def __init__(
        self,
        noun: str,
        ref: str = "",
        *,
        refs: Sequence[str] = (),
        given: Mapping[str, str] | None = None,
        only: Sequence[str] = (),
        required: Sequence[str] = (),
        loose: Sequence[str] = (),
        title: str = "",
        said: str = "",
        save: Saving | None = None,
    ) -> None:
        super().__init__(classes="-right")
        self._failed = False
        self.noun, self.ref, self.refs = noun, ref, tuple(refs)
        self._given, self._only, self._required, self._loose = (
            dict(given or {}),
            tuple(only),
            tuple(required),
            loose,
        )
        self._title, self._said, self._save = title, said, save
        self._shape: Shape | None = None
        self._first: dict[str, Held] = {}
        self._version: int | None = None
        self._draft: Path | None = None
        self._kept = self._saving = self._done = False
        self._behind: set[str] = set()
        """Fields of the draft that others have changed since it was typed."""
        self._room = FieldRow.LABEL
        self.opened = False
        """Whether every field is there."""

    # -- opening

    def sheet(self) -> ComposeResult:
        """The pane with the fields, and a line for what concerns all of them."""
        yield Pane(
            VerticalScroll(id="fields", can_focus=False),
            Static(id="said", markup=False),
            title=self._title or gettext(NOUNS[self.noun].title),
            way_out=gettext(N_("^S save, esc keeps a draft")),
            id="form",
        )

    def on_mount(self) -> None:
        """Ask what the form asks."""
        self.run_worker(self._open(), group="load", exit_on_error=False)

    async def _open(self) -> None:
        from crmtui.services import drafts, forms

        def read(ctx: "Context") -> "tuple[Shape, Path | None, dict[str, Held], list[str]]":
            shape = forms.shape(ctx, self.noun, self.ref, self._only, self._required, editing=bool(self.refs))
            started: dict[str, Held] = {}
            for name, text in self._given.items():
                try:
                    started[name] = forms.check(ctx, self.noun, name, text, self._given, self.ref)
                except CrmError:
                    started[name] = forms.Held(text, text)
            return shape, drafts.place(ctx, self._draft_name()), started, []

        pane = self.query_one("#form", Pane)
        try:
            shape, self._draft, started, _ = await self.desk.read(read)
        except CrmError as error:
            self._failed = True
            pane.fail(error)
            return
        self._shape, self._version, self._first = shape, shape.version, dict(shape.held)
        pane.name_it(self._title or self._titled(shape))
        await self._build(shape, started)
        self._bring_back()
        self.opened = True
        self._preview()

    @property
    def waits(self) -> bool:
        """Until its first field has the focus, keys wait for it."""
        return not self._failed and (not self.opened or super().waits)

    def _draft_name(self) -> str:
        """What tells this form's draft from that of others."""
        which = self.ref or ",".join(self.refs[:50])
        return " ".join((self.noun, which, *self._only, "" if self._save is None else self._title))

    def _titled(self, shape: "Shape") -> str:
        title = gettext(NOUNS[self.noun].title)
        if self.refs:
            return f"{title} {g('dot')} {_records(len(self.refs))}"
        if shape.ref:
            return f"{title} {shape.ref} {g('dot')} {cut(clean(shape.name), 30)}"
        return gettext(N_("New: {noun}")).format(noun=title)

    async def _build(self, shape: "Shape", started: "Mapping[str, Held]") -> None:
        from crmtui.services.forms import GROUPS

        place = self.query_one("#fields", VerticalScroll)
        group, widgets = "", list[Any]()
        longest = max((width(clean(one.label)) + 3 * one.required for one in shape.questions), default=0)
        self._room = min(max(longest + 2, 12), 24)
        titled = not self._only and len({question.group for question in shape.questions}) > 1
        for question in shape.questions:
            if titled and question.group != group:
                group = question.group
                widgets.append(Static(gettext(GROUPS[group]), classes="form--group", markup=False))
            widgets.append(self._row(question, shape, started))
            if len(widgets) >= AT_ONCE:  # what is seen first comes first, and keys are answered in between
                await place.mount_all(widgets)
                self._focus_first()
                widgets = []
        await place.mount_all(widgets)
        self._focus_first()

    def _focus_first(self) -> None:
        if self.focused is None:
            rows = list(self.query(FieldRow))
            empty = [row for row in rows if row.required and not row.field.typed]
            for row in [*empty, *rows][:1]:
                row.field.focus()

    def _row(self, question: "Question", shape: "Shape", started: "Mapping[str, Held]") -> FieldRow:
        field = self._field(question)
        held = started.get(question.name) or shape.held.get(question.name)
        if held is not None:
            field.put(held)
        return FieldRow(question.name, question.label, field, required=question.required, room=self._room)

    def _field(self, question: "Question") -> LineField | AreaField:
        if question.kind == "text":
            return AreaField(max=question.max)
        several = question.kind in ("choices", "refs")
        offering = self._offering(question)
        return LineField(
            max=question.max, offering=offering, members=several, eager=False, placeholder=_example(question)
        )

    def _offering(self, question: "Question") -> "Callable[[str], Any] | None":
        from crmtui.services import suggest

        if question.options:
            every = [suggest.Offer(one.value, one.shown) for one in question.options]

            async def listed(typed: str) -> "list[Offer]":
                return suggest.likely(every, typed, 200)

            return listed
        if question.kind in ("ref", "refs"):
            named = question.kind == "refs"

            async def known(typed: str) -> "list[Offer]":
                return await self.desk.read(
                    lambda ctx: suggest.offered(ctx, question.noun, typed, named=named)
                )

            return known
        return None

    def rows(self) -> dict[str, FieldRow]:
        """The fields by name."""
        return {row.field_name: row for row in self.query(FieldRow)}

    # -- drafts

    def given(self) -> dict[str, str]:
        """The texts of the fields that differ from what the record holds."""
        first = {name: held.given for name, held in self._first.items()}
        return {
            name: row.field.given
            for name, row in self.rows().items()
            if row.field.given != first.get(name, "")
        }

    def _bring_back(self) -> None:
        from crmtui.services import drafts

        draft = drafts.find(self._draft) if self._draft is not None else None
        if draft is None:
            return
        rows = self.rows()
        for name, text in draft.values.items():
            if name in rows:
                rows[name].field.place(text)
        self._kept = True
        if draft.version is not None and draft.version != self._version:
            self.run_worker(
                self._catch_up(draft.version, set(draft.values)), group="follow", exit_on_error=False
            )
        self._tell(gettext(N_("Your draft is back. ^T drops it.")))
        self.refresh_bindings()

    async def _catch_up(self, version: int, typed: set[str]) -> None:
        """The draft was typed over an older version: say which of its fields others have changed since."""
        from crmtui.services import forms

        now, theirs = await self.desk.read(lambda ctx: forms.meanwhile(ctx, self.noun, self.ref, version, {}))
        rows = self.rows()
        for each in theirs:
            if each.name in typed and each.name in rows:
                self._behind.add(each.name)
                self._take_over(rows[each.name], each, True)
        self._version = version if self._behind else now

    def keep_draft(self) -> bool:
        """Keep what was typed, if anything was; whether it is kept."""
        from crmtui.services import drafts

        if self._done or not self.opened or self._draft is None or not self.query(FieldRow):
            return False
        values = {name: self.rows()[name].field.typed for name in self.given()}
        started = {name: text for name, text in self._given.items() if name in values}
        if values == started and not self._kept:
            values = {}
        try:
            drafts.keep(self._draft, values, self._version)
        except OSError:
            return False
        return bool(values)

    def action_back(self) -> None:
        """Away; what was typed stays as a draft."""
        kept = self.keep_draft()
        self._done = True
        self.dismiss(None)
        if kept:
            self.app.call_later(
                self.program.note, gettext(N_("Kept as a draft. Open the form again to go on."))
            )

    def action_discard(self) -> None:
        """Forget the draft: every field as it was."""
        from crmtui.services import drafts
        from crmtui.services.forms import Held

        if self._draft is not None:
            drafts.drop(self._draft)
        for name, row in self.rows().items():
            row.field.put(self._first.get(name, Held()))
            row.say()
        self._kept = False
        self._behind.clear()
        if self._shape is not None:
            self._version = self._shape.version
        self._tell("")
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is nothing to drop without a draft."""
        if action == "discard":
            return self._kept
        return super().check_action(action, parameters)

    def on_unmount(self) -> None:
        """However the form goes away, nothing that was typed is lost."""
        if not self._done:
            self.keep_draft()

    # -- reading what is typed

    def on_left(self, event: Left) -> None:
        """Read a field that was left."""
        row = event.field.parent
        if isinstance(row, FieldRow) and self.opened and not self._done:
            self.run_worker(
                self._read(row), group=f"read {row.field_name}", exclusive=True, exit_on_error=False
            )

    async def _read(self, row: FieldRow) -> None:
        from crmtui.services import forms, suggest

        name, given = row.field_name, row.field.given
        if given == (self._first[name].given if name in self._first else ""):
            row.say()
            return
        if not given.strip() or name in self._loose:
            row.say()
            self._preview()
            return
        beside = {each: other.field.given for each, other in self.rows().items() if other.field.given.strip()}
        fresh = not (self.ref or self.refs or self._only)

        question = next(each for each in self._shape.questions if each.name == name) if self._shape else None

        def work(ctx: "Context") -> "tuple[Held, str]":
            try:
                held = forms.check(ctx, self.noun, name, given, beside, self.ref)
            except NotFound:
                meant = (
                    suggest.record(ctx, question.noun, given, 2)
                    if question and question.kind == "ref"
                    else []
                )
                if len(meant) != 1:
                    raise
                held = forms.Held(meant[0].shown, meant[0].value)
            return held, forms.alike(ctx, self.noun, given) if fresh and name in _NAMES else ""

        try:
            held, alike = await self.desk.read(work)
        except CrmError as error:
            row.say(_below(error), "wrong")
            return
        if row.field.given == given and not row.field.has_focus and isinstance(row.field, LineField):
            row.field.put(held)
        row.say(gettext(N_("There is already {ref}.")).format(ref=alike) if alike else held.note, "warn")
        self._preview()
        self.keep_draft()

    def on_said(self, event: Said) -> None:
        """A field was given more than it holds."""
        row = event.field.parent
        if isinstance(row, FieldRow):
            row.say(event.text, "warn")

    def on_taken(self, event: Taken) -> None:
        """What was taken needs no reading."""
        row = event.field.parent
        if isinstance(row, FieldRow):
            row.say()
            self._preview()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """An offer was clicked."""
        taken_by_click(event)

    def on_input_submitted(self, event: LineField.Submitted) -> None:
        """Enter goes on to the next field."""
        event.stop()
        row = event.input.parent
        if isinstance(row, FieldRow):
            self.focus_next()

    async def on_key(self, event: events.Key) -> None:
        """Up and down go from field to field; a form that could not be read is tried again."""
        if self._failed and event.key == "r":
            event.stop()
            self._failed = False
            self.query_one("#form", Pane).ready()
            self.on_mount()
        elif event.key in ("down", "up") and isinstance(self.focused, LineField):
            event.stop()
            _ = self.focus_next() if event.key == "down" else self.focus_previous()

    # -- saving

    def action_save(self) -> None:
        """Save; what is wrong stands below its field."""
        if self.opened and not self._saving:
            self._saving = True
            self.run_worker(self._save_all(), group="save", exit_on_error=False)

    async def _save_all(self) -> None:
        try:
            await self._try_to_save()
        finally:
            self._saving = False

    async def _try_to_save(self) -> None:
        given = self.given()
        empty = [row for row in self.rows().values() if row.required and not row.field.typed.strip()]
        for row in empty if not self.refs else ():
            row.say(gettext(N_("{label} must not be empty.")).format(label=row.label), "wrong")
        if empty and not self.refs:
            empty[0].field.focus()
            return
        if not given and (self.ref or self.refs) and self._save is None:
            self._finish(self.ref, "", None, ())
            return
        if self._save is not None:
            given = {name: row.field.given for name, row in self.rows().items() if row.field.given.strip()}
        try:
            done = await self.desk.change(lambda ctx: self._work(ctx, given))
        except Conflict as error:
            await self._together(error)
        except CrmError as error:
            self.complain(error)
        else:
            ref, said = done.value
            self._finish(ref, said, done.tx, done.notes)

    def _work(self, ctx: "Context", given: dict[str, str]) -> tuple[str, str]:
        """Save within the writer's thread: the ref, and what is said of it."""
        from crmtui.services import forms

        if self._save is not None:
            with forms.over(ctx, self._version):
                found = self._save(ctx, given)
            return (found if isinstance(found, str) else self.ref), self._said
        if self.refs:
            report = forms.save_many(ctx, self.noun, self.refs, given)
            said = _records(report.changed)
            if report.refused:
                said += " " + gettext(N_("({count} are not yours to change)")).format(count=report.refused)
            return "", gettext(N_("{records} changed")).format(records=said)
        ref = forms.save(ctx, self.noun, given, self.ref, self._version)
        return ref, (gettext(N_("{ref} saved")) if self.ref else gettext(N_("{ref} entered"))).format(ref=ref)

    def _finish(self, ref: str, said: str, tx: str | None, notes: Sequence[str]) -> None:
        from crmtui.services import drafts

        self._done = True
        if self._draft is not None:
            drafts.drop(self._draft)
        self.dismiss(ref)
        if said:
            self.app.call_later(self.program.tell_done, said, tx, notes)
            self.app.call_later(self.program.look_for_changes)

    def complain(self, error: CrmError) -> None:
        """Put an error below the field that it is about, else below the form."""
        name = (error.field or "").replace("-", "_")
        row = self.rows().get(name) or self.rows().get(f"x.{name}")
        if row is None:
            self._tell(told(error), wrong=True)
            return
        row.say(_below(error), "wrong")
        row.field.focus()

    def _tell(self, text: str, wrong: bool = False) -> None:
        said = self.query_one("#said", Static)
        said.set_class(bool(text), "-shown")
        said.set_class(wrong, "-wrong")
        said.update(Text(clean(text)))

    def _preview(self) -> None:
        """What a form for several records would do to them."""
        if not self.refs:
            return
        rows = self.rows()
        changes = [f"{rows[name].label} {rows[name].field.typed or g('minus')}" for name in self.given()]
        what = f" {g('dot')} ".join(changes) or gettext(N_("nothing yet"))
        self._tell(f"{_records(len(self.refs))}: {what}")

    # -- two people on one record

    async def _together(self, error: CrmError) -> None:
        """Somebody saved first: show both sides, field by field, and save what is picked."""
        from crmtui.screens.sides import Sides
        from crmtui.services import forms

        held = {name: one for name, one in self._first.items() if name not in self._behind}
        version = self._version or 0
        try:
            now, theirs = await self.desk.read(
                lambda ctx: forms.meanwhile(ctx, self.noun, self.ref, version, held)
            )
        except CrmError as other:
            self.complain(other)
            return
        rows = self.rows()
        theirs = [each for each in theirs if each.name in rows]
        mine = {each.name: rows[each.name].field.typed for each in theirs}
        touched = set(self.given())
        if not theirs:
            self._version = now
            await self._try_to_save()
            return
        picked = await self.program.push_screen_wait_safe(Sides(self.ref, theirs, mine, touched))
        if picked is None:
            self._tell(_below(error), wrong=True)
            return
        for each in theirs:
            self._first[each.name] = each.held
            if each.name not in picked:
                rows[each.name].field.put(each.held)
        self._behind.clear()
        self._version = now
        await self._try_to_save()

    def store_changed(self, seen: Any) -> None:
        """Others changed something: say at each field what stands in it now; fields not typed in follow."""
        if self.ref and self.opened and not self._saving and (seen.many or self.ref in seen.refs):
            self.run_worker(self._follow(), group="follow", exclusive=True, exit_on_error=False)

    async def _follow(self) -> None:
        from crmtui.services import forms

        version, held = self._version or 0, dict(self._first)
        try:
            now, theirs = await self.desk.read(
                lambda ctx: forms.meanwhile(ctx, self.noun, self.ref, version, held)
            )
        except CrmError as error:
            self._tell(told(error), wrong=True)
            return
        touched, rows = set(self.given()), self.rows()
        for each in theirs:
            if each.name in rows:
                self._take_over(rows[each.name], each, each.name in touched)
        if not touched.intersection(each.name for each in theirs):
            self._version = now

    def _take_over(self, row: FieldRow, theirs: "Theirs", touched: bool) -> None:
        sentence = (
            N_("{glyph} {who} at {when}: {value}") if touched else N_("{glyph} changed by {who} at {when}")
        )
        value = cut(clean(theirs.held.shown), 40) or g("minus")
        row.say(
            gettext(sentence).format(glyph=g("changed"), who=theirs.who, when=theirs.at, value=value), "warn"
        )
        if not touched:
            self._first[theirs.name] = theirs.held
            row.field.put(theirs.held)


def _people(ctx: "Context", noun: str, typed: str, named: bool) -> "list[Offer]":
    """Records that may be meant; people with what they have on the desk."""
    from crmtui.screens.picker import on_desk
    from crmtui.services import suggest

    found = suggest.offered(ctx, noun, typed, named=named)
    if noun != "user" or named:
        return found
    load = suggest.load(ctx, [offer.value for offer in found])
    return [replace(offer, detail=on_desk(load[offer.value])) for offer in found]


_NAMES = ("name", "company")


def _records(count: int) -> str:
    return ngettext("{count} record", "{count} records", count).format(count=f"{count:,}")


def _below(error: CrmError) -> str:
    """An error for below a field: what to type next, if that is said for forms and not for the command line."""
    hint = "" if "--" in error.hint or "crm " in error.hint else error.hint
    return f"{error.message} {hint}".strip()


def _example(question: "Question") -> str:
    return {
        "money": "2.4M",
        "day": gettext(N_("next friday")),
        "percent": "45",
        "email": "li@example.com",
    }.get(question.kind, "")
