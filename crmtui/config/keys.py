"""Which settings there are: loader, validator, manual and example file all follow from this."""

import re
from dataclasses import dataclass

from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext


@dataclass(frozen=True)
class Key:
    """One setting: `kind` is "text", "number" (whole, from `least` to `most`), "choice" (one of `choices`) or "flag".

    A bad value of one that only has to do with the `look` of the screens is complained of and left out; others refuse it.
    """

    name: str
    kind: str
    default: str | int | bool
    help: str
    choices: tuple[str, ...] = ()
    least: int = 1
    most: int = 1_000_000
    look: bool = False

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return "CRM_" + self.name.upper().replace(".", "__")

    @property
    def expected(self) -> str:
        """What a good value is, in the language in use."""
        if self.kind == "choice":
            return gettext(N_("one of {choices}")).format(choices=", ".join(c or '""' for c in self.choices))
        if self.kind == "number":
            return gettext(N_("a whole number from {least} to {most}")).format(
                least=self.least, most=self.most
            )
        if self.kind == "flag":
            return gettext(N_("true or false"))
        if self.kind == "table":
            return gettext(N_("a table of keys, such as {example}")).format(example='"opp.edit" = "ctrl+e"')
        return gettext(N_("text on one line"))

    def allows(self, value: object) -> bool:
        """Whether `value`, as TOML gives it, is one."""
        if self.kind == "choice":
            return value in self.choices
        if self.kind == "number":
            return type(value) is int and self.least <= value <= self.most
        if self.kind == "flag":
            return isinstance(value, bool)
        if self.kind == "table":
            return False
        return isinstance(value, str) and value.isprintable()


KEYS = (
    Key(
        "db",
        "text",
        "",
        N_(
            "The store: sqlite:///FILE or postgresql://USER@HOST/DATABASE. A FILE without a leading / is looked for "
            "beside the settings file that names it. Empty: crm.db in your own data folder."
        ),
    ),
    Key("lang", "choice", "", N_("The language. Empty: as the environment says."), ("", "en", "zh")),
    Key(
        "format",
        "choice",
        "table",
        N_("How records are printed on a terminal."),
        ("table", "plain", "tsv", "csv", "json", "jsonl", "md"),
    ),
    Key("rows", "number", 50, N_("How many rows a list shows on a terminal.")),
    Key("color", "choice", "auto", N_("Colour on a terminal."), ("auto", "always", "never")),
    Key("busy_timeout", "number", 10, N_("How many seconds to wait for a store in use."), least=0, most=3600),
    Key(
        "theme",
        "text",
        "",
        N_(
            "The colours of the screens: harbour-dark, harbour-light, harbour-256, harbour-cb, high-contrast or one of "
            "Textual's. Empty: what the terminal can show."
        ),
        look=True,
    ),
    Key(
        "glyphs",
        "choice",
        "auto",
        N_("The signs on the screens. auto: ascii where the terminal draws them too wide or has no UTF-8."),
        ("auto", "unicode", "ascii"),
        look=True,
    ),
    Key(
        "keyset",
        "choice",
        "default",
        N_("The keys of the screens. arrows: no letter moves the cursor."),
        ("default", "arrows"),
        look=True,
    ),
    Key(
        "animations",
        "choice",
        "auto",
        N_("Movement on the screens. auto: none over SSH."),
        ("auto", "full", "none"),
        look=True,
    ),
    Key(
        "accessible",
        "flag",
        False,
        N_(
            "For screen readers: one pane at a time, no borders and bars, and the last line says where you are."
        ),
        look=True,
    ),
    Key("import.batch", "number", 50_000, N_("How many rows an import saves at a time.")),
    Key(
        "import.cache_mib",
        "number",
        256,
        N_("How much memory (MiB) the store may use as its cache during an import."),
        most=65_536,
    ),
    Key(
        "mail.transport",
        "choice",
        "maildir",
        N_("How mail leaves. maildir: it is put into a folder of this machine, and sent nowhere."),
        ("maildir", "smtp", "sendmail"),
    ),
    Key("mail.maildir", "text", "", N_("The folder of maildir. Empty: mail in your own data folder.")),
    Key(
        "mail.from",
        "text",
        "",
        N_("The address from which mail comes. Empty: that of the person who sends it."),
    ),
    Key("mail.host", "text", "localhost", N_("The mail server.")),
    Key("mail.port", "number", 587, N_("Its port."), most=65_535),
    Key(
        "mail.security",
        "choice",
        "starttls",
        N_("How the line to the mail server is secured."),
        ("starttls", "tls", "none"),
    ),
    Key("mail.user", "text", "", N_("The login at the mail server. Empty: none.")),
    Key(
        "mail.password_file",
        "text",
        "",
        N_("A file with the password of the mail server in its first line, which only you may read."),
    ),
    Key("mail.sendmail", "text", "/usr/sbin/sendmail", N_("The program of sendmail.")),
    Key("mail.timeout", "number", 30, N_("How many seconds the mail server may take to answer."), most=600),
)
BY_NAME = {key.name: key for key in KEYS}
OWN_KEYS = "keys."
"""What the names of a person's own keys begin with: the table `[keys]` has one for each binding that is changed."""


def key_of(name: str) -> Key | None:
    """The declaration of the setting `name`; None where there is none."""
    if name == OWN_KEYS[:-1]:
        return Key(name, "table", "", "", look=True)
    if name.startswith(OWN_KEYS) and name != OWN_KEYS:
        return Key(name, "text", "", "", look=True)
    return BY_NAME.get(name)


def value_of(name: str, given: object) -> object:
    """What `given`, a text of the command line or a variable, is for `name`; itself when it is nothing good."""
    key = BY_NAME.get(name)
    if key and key.kind == "number" and isinstance(given, str) and re.fullmatch("[0-9]{1,9}", given):
        return int(given)
    if key and key.kind == "flag" and isinstance(given, str):
        return _FLAGS.get(given.lower(), given)
    return given


_FLAGS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def checked(name: str, value: object, place: str) -> object:
    """`value` when it is good for `name`; raises Invalid, which says where it stands and what was expected."""
    key = key_of(name)
    if key is None:
        raise _unknown(name, place)
    if key.allows(value):
        return value
    sentence = N_("{place}: {name} must be {expected}.")
    expected = key.expected
    raise Invalid("config.wrong_value", sentence, field=name, place=place, name=name, expected=expected)


def _unknown(name: str, place: str) -> Invalid:
    from difflib import get_close_matches

    below = [key for key in BY_NAME if key.startswith(f"{name}.")]
    nearest = below[:1] or get_close_matches(name[:80], BY_NAME, n=1, cutoff=0.4)
    return Invalid(
        "config.unknown_key",
        N_("{place}: there is no setting {name}."),
        hint=N_("Did you mean {nearest}?") if nearest else N_("All settings: crm config show"),
        place=place,
        name=name,
        nearest="".join(nearest),
    )


def example() -> str:
    """A settings file with every key at its default and what it is for."""
    import textwrap

    import tomlkit

    parts = ["# Settings of crmtui: every key, at its default. `crm config path` says where yours go.\n"]
    section = ""
    for key in KEYS:
        in_section, _, leaf = key.name.rpartition(".")
        if in_section != section:
            section = in_section
            parts.append(f"[{section}]")
        comment = (
            f"{key.help} {'One of: ' + ', '.join(filter(None, key.choices)) + '.' if key.choices else ''}"
        )
        parts += textwrap.wrap(comment.strip(), 100, initial_indent="# ", subsequent_indent="# ")
        parts.append(f"{leaf} = {tomlkit.item(key.default).as_string()}\n")
    parts.append("[keys]")
    parts.append(
        "# Keys of your own on the screens, by the name of what they do: `crm config keys` lists the names."
    )
    parts.append('# "opp.edit" = "ctrl+e"\n')
    return "\n".join(parts)
