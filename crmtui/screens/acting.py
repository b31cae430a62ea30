"""What can be done with the records that are chosen on a screen: by key, by menu, by palette."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from crmtui.i18n import N_, gettext
from crmtui.screens.place import Place, Verb
from crmtui.screens.verbs import RecordVerb, verb_of, verbs_of

ACTIONS = ("edit", "remove", "move_to", "agree", "refuse", "stage_on", "stage_back")
"""The key actions that are verbs of records."""


class Acting(Place):
    """A screen on which records are chosen. Subclasses say which (`chosen`), and what they hold (`chosen_data`)."""

    noun = ""

    @property
    def kind(self) -> str:
        """The noun of the chosen records."""
        return self.noun

    @property
    def chosen(self) -> list[str]:
        """The refs of the chosen records."""
        raise NotImplementedError

    @property
    def chosen_data(self) -> Sequence[Mapping[str, Any]]:
        """What is known of the chosen records: their state, if anything."""
        return [{} for _ in self.chosen]

    def verb_for(self, action: str) -> RecordVerb | None:
        """The verb that the key action means here."""
        return verb_of(self.kind, action)

    def why_not(self, action: str) -> str | None:
        """Verbs are off where there is no record, or where its state does not allow them."""
        if action not in ACTIONS or not self.is_mounted:
            return None
        verb = self.verb_for(action)
        if verb is None:
            return gettext(N_("This does nothing here."))
        return self.why_not_verb(verb) or None

    def why_not_verb(self, verb: RecordVerb) -> str:
        """Why `verb` is off for the chosen records: the role, their state; empty when it is on."""
        if not self.program.may(self.kind, verb.right):
            return gettext(N_("Your role does not let you do that."))
        return verb.why_not(self.kind, self.chosen_data)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key that this noun has no verb for is not shown at all."""
        if action in ACTIONS and action != "edit" and self.verb_for(action) is None:
            return False
        return super().check_action(action, parameters)

    def offer(self) -> None:
        """Other records are chosen: draw the keys again, where some of them are on or off now that were not."""
        now = tuple(bool(self.why_not(action)) for action in ACTIONS)
        if now != self._offered:
            self._offered = now
            self.refresh_bindings()

    _offered: tuple[bool, ...] = ()

    def verbs(self) -> list[Verb]:
        """The verbs of the chosen records, for the menu and the palette."""
        refs = self.chosen
        return [
            Verb(
                verb.name,
                gettext(verb.title),
                verb.command.format(ref=refs[0] if refs else "REF"),
                partial(self.do, verb),
                self.why_not_verb(verb),
            )
            for verb in verbs_of(self.kind)
        ]

    def do(self, verb: RecordVerb | None) -> None:
        """Do `verb` with the chosen records, in the background: it may ask something first."""
        refs = self.chosen
        if verb is not None and refs:
            self.run_worker(verb.run(self, self.kind, refs), group="verb", exit_on_error=False)

    def action_edit(self) -> None:
        """The form of the record, or of all that are marked."""
        self.do(self.verb_for("edit"))

    def action_remove(self) -> None:
        """Put away."""
        self.do(self.verb_for("remove"))

    def action_move_to(self) -> None:
        """Give to someone."""
        self.do(self.verb_for("move_to"))

    def action_agree(self) -> None:
        """What agreeing means for this noun."""
        self.do(self.verb_for("agree"))

    def action_refuse(self) -> None:
        """What saying no means for this noun."""
        self.do(self.verb_for("refuse"))

    def action_stage_on(self) -> None:
        """On."""
        self.do(self.verb_for("stage_on"))

    def action_stage_back(self) -> None:
        """Back."""
        self.do(self.verb_for("stage_back"))
