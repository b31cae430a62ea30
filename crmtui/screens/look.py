"""How the program looks and is steered: what settings and terminal say together."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crmtui.config.keys import OWN_KEYS
from crmtui.i18n import N_, gettext
from crmtui.screens import terminal

if TYPE_CHECKING:
    from crmtui.config import Config


@dataclass(frozen=True)
class Look:
    """How the program looks and is steered; `complaints` are shown when it opens.

    `places` says where a setting stands (`theme`, `keys.opp.edit`), for what is found wrong with it later.
    """

    theme: str = ""
    ascii: bool = False
    animations: bool = True
    accessible: bool = False
    keyset: str = "default"
    keys: Mapping[str, str] | None = None
    complaints: Sequence[str] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def complaint(self, name: str, sentence: str) -> str:
        """What is wrong with the setting `name`, with the place where it was made."""
        place = self.places.get(name)
        return gettext(N_("{place}: {said}")).format(place=place, said=sentence) if place else sentence

    def keymap(self) -> tuple[dict[str, str], list[str]]:
        """The keys that differ from those of the program, by the id of the binding; and what is wrong with the rest."""
        if not self.keys and self.keyset == "default":
            return {}, []
        from crmtui.screens.keymap import keymap

        found, wrong = keymap(self.keys or {}, self.keyset)
        return found, [self.complaint(f"{OWN_KEYS}{each.name}", each.sentence) for each in wrong]

    def wrong_theme(self, known: Collection[str]) -> list[str]:
        """What is wrong with the theme, where `known` are all there are."""
        if not self.theme or self.theme in known:
            return []
        from crmtui.text import nearest

        near = nearest(self.theme, known)
        said = gettext(N_("there is no theme {name}.")).format(name=self.theme)
        if near:
            said += " " + gettext(N_("Did you mean {nearest}?")).format(nearest=near)
        return [self.complaint("theme", said)]


def said(config: "Config") -> Look:
    """What the settings say by themselves."""
    own = config.own_keys
    places = {f"{OWN_KEYS}{name}": found.place for name, found in own.items()}
    return Look(
        theme=str(config["theme"]),
        ascii=config["glyphs"] == "ascii",
        animations=moves(str(config["animations"])),
        accessible=bool(config["accessible"]),
        keyset=str(config["keyset"]),
        keys={name: str(found.value) for name, found in own.items()},
        complaints=config.complaints,
        places={**places, "theme": config.place("theme")},
    )


def look(config: "Config") -> Look:
    """What the settings say, completed by what the terminal can do; it is asked."""
    found = said(config)
    if config["glyphs"] != "auto":
        return found
    plain, why = terminal.needs_ascii()
    return replace(found, ascii=plain, complaints=[*found.complaints, *([why] if why else [])])


def moves(said: str) -> bool:
    """Whether things may move: as `said`, for `auto` not over SSH and not where Textual was told otherwise."""
    if said != "auto":
        return said == "full"
    return not any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "TEXTUAL_ANIMATIONS"))
