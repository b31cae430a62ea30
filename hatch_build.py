"""Compile the message catalogues when the package is built or installed for development."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CatalogueHook(BuildHookInterface):  # type: ignore[type-arg]
    """Write `<language>/LC_MESSAGES/crmtui.mo` beside each `.po`, and ship it in the wheel."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        artifacts = build_data["artifacts"]
        for source in sorted(Path(self.root, "crmtui", "locale").glob("*/LC_MESSAGES/crmtui.po")):
            with source.open("rb") as stream:
                catalogue = read_po(stream, locale=source.parts[-3])
            with source.with_suffix(".mo").open("wb") as stream:
                write_mo(stream, catalogue)
            artifacts.append("crmtui/locale/**/*.mo")  # type: ignore[attr-defined]
