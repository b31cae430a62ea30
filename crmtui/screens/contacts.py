"""Contacts: the list, and beside it the conditions that it fulfils, which change it as they are made."""

from textual.app import ComposeResult
from textual.containers import Horizontal

from crmtui.i18n import N_, gettext
from crmtui.screens.condition_tree import ConditionTree
from crmtui.screens.conditions import Builder
from crmtui.screens.details import Details
from crmtui.screens.frame import Pane
from crmtui.screens.records import RecordList


class ContactList(RecordList):
    """Contacts with the builder of conditions always there; where there is little room it is the drawer of every list."""

    NOUN = "contact"
    AUTO_FOCUS = "#list"
    PURPOSE = (
        N_("Whom to call or to write to: contacts that fulfil the conditions at the left."),
        N_(
            "f goes to the conditions and Esc back, b saves them as a view; marked ones are changed together."
        ),
    )
    DEFAULT_CSS = """
    ContactList #conditions { width: 44; }
    ContactList.-normal #conditions { width: 40; }
    ContactList.-narrow #conditions, ContactList.-paneled #conditions { display: none; }
    ContactList.-xwide.-paneled #conditions { display: block; }
    ContactList AskLine { height: auto; layout: vertical; }
    ContactList AskLine > #of-test { width: 1fr; }
    """

    def body(self) -> ComposeResult:
        """The conditions, the list, and beside it the record under the cursor."""
        with Horizontal():
            yield Pane(
                Builder(self.noun, self._conditions, within=self._others),
                id="conditions",
                way_out=gettext(N_("enter edits a row, d removes it")),
            )
            yield Pane(self.make_list(), id="rows")
            yield Pane(Details(), id="side", way_out=gettext(N_("i hides this panel")))

    @property
    def _conditions(self) -> str:
        from crmtui.services import conditions

        return conditions.every(*self.conditions)

    @property
    def _others(self) -> str:
        """What holds besides the conditions."""
        return "" if self.over_list else self.whose_condition(self.noun)

    @property
    def builder(self) -> Builder:
        """The conditions as a tree and as a text."""
        return self.query_one(Builder)

    async def load(self) -> None:
        """The list; the tree follows what was changed elsewhere, such as a chip that was taken away."""
        if self.builder.text != self._conditions:
            self.builder.read_text(self._conditions, typed=False)
        if self.builder.within != self._others:
            self.builder.recount(self._others)
        await super().load()

    def on_builder_changed(self, event: Builder.Changed) -> None:
        """The list follows the tree."""
        from crmtui.services import conditions

        event.stop()
        if event.text != self._conditions:
            self.conditions = conditions.parts(event.text)
            self.reload("filter")

    def action_filter(self) -> None:
        """To the conditions; to the drawer where they find no room."""
        if self.query_one("#conditions").display:
            self.builder.query_one(ConditionTree).focus()
        else:
            super().action_filter()

    def action_back(self) -> None:
        """First out of the conditions, back to the list."""
        if not self.builder.has_focus_within:
            super().action_back()
        elif self.builder.editing():
            self.builder.leave()
        else:
            self._to_list()

    def _to_list(self) -> None:
        self.set_focus(self.rows if self.rows.count else None)
