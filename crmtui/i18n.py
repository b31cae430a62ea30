"""Texts for people: English in the source, other languages from the catalogues in `locale/`."""

import gettext as _gettext_module
import os
from functools import cache
from pathlib import Path

LANGUAGES = {"en": "en", "zh": "zh_CN"}
_state: dict[str, _gettext_module.NullTranslations] = {"catalogue": _gettext_module.NullTranslations()}
_chosen = {"language": "en"}


def N_(text: str) -> str:
    """Mark `text` for the catalogue; it is translated where it is shown."""
    return text


def gettext(text: str) -> str:
    """`text` in the language in use; `text` itself where the catalogue has nothing."""
    return _state["catalogue"].gettext(text) if text else text


_ = gettext


def ngettext(singular: str, plural: str, n: int) -> str:
    """The form for `n` things, in the language in use; the caller fills the places.

    Forms that are marked one by one (`N_`) stand in the catalogue one by one, and may have different places.
    """
    said = _state["catalogue"].ngettext(singular, plural, n)
    return gettext(said) if said in (singular, plural) else said


def language() -> str:
    """The language in use: `en` or `zh`."""
    return _chosen["language"]


def set_language(name: str) -> None:
    """Use `name` (`en`, `zh`, or a locale name such as `zh_CN.UTF-8`) from now on; English when it is unknown."""
    short = name.lower().replace("-", "_").split("_")[0].split(".")[0]
    short = short if short in LANGUAGES else "en"
    _chosen["language"] = short
    _state["catalogue"] = _gettext_module.translation(
        "crmtui", Path(__file__).parent / "locale", [LANGUAGES[short]], fallback=True
    )


def from_environment() -> str:
    """The language that the environment asks for, by the usual variables in their usual order; `en` by default."""
    for variable in ("CRM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@cache
def in_every_language(text: str) -> tuple[str, ...]:
    """`text` in each language there is, the English first; for reading what people write in either."""
    folder = Path(__file__).parent / "locale"
    catalogues = [
        _gettext_module.translation("crmtui", folder, [name], fallback=True) for name in LANGUAGES.values()
    ]
    return tuple(dict.fromkeys((text, *(catalogue.gettext(text) for catalogue in catalogues if text))))
