"""The options that every command has, declared once."""

from dataclasses import dataclass
from inspect import Parameter
from typing import Annotated, Any

import typer

from crmtui.commands.outset import from_environment
from crmtui.errors import Invalid
from crmtui.i18n import N_

COMMON = N_("Common options")
CHANGE = N_("Options of a change")
OUTPUT = N_("Output")

FORMATS = ("table", "plain", "tsv", "csv", "json", "jsonl", "md", "xlsx")
_PREFIX = "common_"


def option(
    name: str,
    *flags: str,
    help: str,
    metavar: str = "",
    kind: Any = str,
    panel: str = "",
    hidden: bool = False,
) -> Parameter:
    """An option of a command built from data: its value arrives as the keyword argument `name`, None when not given."""
    info = typer.Option(
        *flags,
        help=help,
        metavar=metavar or None,
        rich_help_panel=panel or None,
        show_default=False,
        hidden=hidden,
    )
    default = False if kind is bool else None
    annotation = kind if kind is bool else kind | None
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[annotation, info])


def argument(name: str, metavar: str, help: str, *, required: bool = True) -> Parameter:
    """A positional argument of a command built from data, a text."""
    default: Any = Parameter.empty if required else None
    info = typer.Argument(metavar=metavar, help=help, show_default=False)
    kind: Any = str if required else str | None
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def _common(panel: str, *rows: tuple[str, str, str, str]) -> list[Parameter]:
    return [
        option(
            _PREFIX + name,
            *flags.split(),
            help=help,
            metavar=metavar,
            kind=str if metavar else bool,
            panel=panel,
        )
        for name, flags, metavar, help in rows
    ]


GENERAL = _common(
    COMMON,
    ("db", "--db", "URL", N_("The store: a file, sqlite:///… or postgresql://…  (CRM_DB)")),
    ("config", "--config", "FILE", N_("The configuration file  (CRM_CONFIG)")),
    ("login", "--as", "LOGIN", N_("Act for this person, if you hold their proxy or administer  (CRM_USER)")),
    ("lang", "--lang", "en|zh", N_("The language of texts for people  (CRM_LANG)")),
    ("now", "--now", "MOMENT", N_("Take this for the present moment  (CRM_NOW)")),
    ("no_input", "--no-input", "", N_("Never ask  (CRM_NO_INPUT)")),
    ("yes", "--yes -y", "", N_("Answer every question with yes  (CRM_YES)")),
    ("quiet", "--quiet -q", "", N_("No remarks  (CRM_QUIET)")),
    ("verbose", "--verbose -v", "", N_("More remarks  (CRM_VERBOSE)")),
)
CHANGES = _common(
    CHANGE,
    ("dry_run", "--dry-run -n", "", N_("Show what would happen and change nothing  (CRM_DRY_RUN)")),
    (
        "key",
        "--key",
        "TEXT",
        N_("Do this once only: the same key answers as the first time, for 30 days  (CRM_KEY)"),
    ),
    ("if_version", "--if-version", "N", N_("Only if the record is still at this version  (CRM_IF_VERSION)")),
)
OUTPUTS = _common(
    OUTPUT,
    ("format", "--format", "FORMAT", N_("table, plain, tsv, csv, json, jsonl, md or xlsx  (CRM_FORMAT)")),
    ("json", "--json", "", N_("The same as --format json")),
    ("fields", "--fields", "A,B,C", N_("These fields only, in this order; all for every field")),
    ("jq", "--jq", "EXPR", N_("Put the JSON through this jq expression")),
    ("template", "--template", "TEXT", N_("Print this Jinja template for each record, its fields as names")),
    ("header", "--header", "", N_("Begin tab-separated output with the names of the fields")),
    (
        "output",
        "--output -o",
        "FILE",
        N_("Write to this new file, whose ending may tell the format; - for standard output"),
    ),
    ("force", "--force", "", N_("Replace the file of --output")),
)
EVERYWHERE = [*GENERAL, *CHANGES, *OUTPUTS]
"""What may stand before the verb."""


@dataclass(frozen=True)
class Options:
    """The common options of one call, variables of the environment counted in."""

    db: str | None = None
    config: str | None = None
    login: str | None = None
    lang: str | None = None
    now: str | None = None
    no_input: bool = False
    yes: bool = False
    quiet: bool = False
    verbose: bool = False
    dry_run: bool = False
    key: str | None = None
    if_version: str | None = None
    format: str | None = None
    json: bool = False
    fields: str | None = None
    jq: str | None = None
    template: str | None = None
    header: bool = False
    output: str | None = None
    force: bool = False

    @property
    def version(self) -> int | None:
        """The version that the record must have, if one was named; raises Invalid when it is no number."""
        if self.if_version is None:
            return None
        return whole("--if-version", self.if_version)


_WITHOUT_VARIABLE = ("json", "fields", "jq", "template", "header", "output", "force")


def split(values: dict[str, Any], *, change: bool) -> tuple[Options, dict[str, Any]]:
    """The common options among `values`, and the command's own; what is not given comes from the environment."""
    common = {name.removeprefix(_PREFIX): value for name, value in values.items() if name.startswith(_PREFIX)}
    own = {name: value for name, value in values.items() if not name.startswith(_PREFIX)}
    for parameter in GENERAL + (CHANGES if change else []) + OUTPUTS:
        name = parameter.name.removeprefix(_PREFIX)
        if name not in _WITHOUT_VARIABLE and not common.get(name):
            common[name] = from_environment(name, flag=isinstance(parameter.default, bool))
    if common.get("json"):
        common["format"] = "json"
    return Options(**common), own


def whole(flag: str, value: str) -> int:
    """`value` as a whole number that is not negative, of at most 18 digits; raises Invalid naming `flag`."""
    if not (value.isascii() and value.isdigit() and len(value) <= 18):
        raise Invalid(
            "usage.number",
            N_("{option} takes a whole number, not {value}."),
            field=flag.lstrip("-").replace("-", "_"),
            option=flag,
            value=value,
        )
    return int(value)
