"""The tree of commands: every name and one-line help at once, each command built only when it is called."""

import sys
from dataclasses import dataclass, field
from importlib import import_module
from inspect import Parameter
from typing import Any

import typer
import typer.core
import typer.main
from typer._coercion import PassThroughRuntimeParam
from typer.models import OptionInfo

from crmtui import __version__
from crmtui.commands import options, tui
from crmtui.commands.verb import WRITTEN, Verb, runner, signed
from crmtui.errors import Invalid
from crmtui.i18n import N_
from crmtui.services.noun import DULL
from crmtui.services.nouns import NOUNS
from crmtui.text import nearest

DERIVED = dict(
    zip(
        DULL,
        (
            N_("List records, or totals of them"),
            N_("Show one record"),
            N_("Enter a record, or many from JSON"),
            N_("Change a record, or many at once"),
            N_("Put a record away; nothing is lost"),
            N_("Bring back what was put away"),
            N_("Read records from a file"),
            N_("Write records to a file"),
            N_("Who changed what, and when"),
        ),
        strict=True,
    )
)
"""The one-line help of each derived verb."""

SET_UP, RECORDS, SALES, WORK, FIGURES, EVERYTHING = (
    N_("Set-up"),
    N_("Lists of the company"),
    N_("Sales"),
    N_("Work"),
    N_("Figures"),
    N_("Everything"),
)
_AREAS = {
    **dict.fromkeys(("user", "dept", "role", "territory"), SET_UP),
    **dict.fromkeys(
        ("process", "stage", "type", "attribute", "rate", "product", "price", "competitor"), RECORDS
    ),
    **dict.fromkeys(
        ("lead", "account", "contact", "opp", "quote", "contract", "order", "invoice", "payment"), SALES
    ),
    **dict.fromkeys(("task", "approval", "notice", "outbox"), WORK),
    "flow": RECORDS,
    "autotask": RECORDS,
    "assignrule": RECORDS,
    "assign": SALES,
    "poolrule": RECORDS,
    "dup": SALES,
    "quota": FIGURES,
}

# name → (area, module of crmtui.commands, one-line help, verbs below it)
_PLAIN: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "init": (SET_UP, "init", N_("Make a new store"), {}),
    "demo": (SET_UP, "demo", N_("Make a store with a company in it, and show what the program does"), {}),
    "doctor": (SET_UP, "doctor", N_("Check the store and say how well it is protected"), {}),
    "config": (
        SET_UP,
        "config",
        N_("The settings, and where each comes from"),
        {
            "show": N_("List the settings"),
            "get": N_("Print one setting"),
            "set": N_("Change one setting in the configuration file"),
            "path": N_("Print where the configuration file is"),
            "keys": N_("List the keys of the screens, by the names that [keys] has for them"),
        },
    ),
    "db": (
        SET_UP,
        "db",
        N_("The store: back up, restore, check, upgrade"),
        {
            "backup": N_("Write a copy of the store, while it is in use"),
            "restore": N_("Put a copy back"),
            "check": N_("Recompute what is derived, and compare"),
            "upgrade": N_("Bring an older store up to this program"),
        },
    ),
    "forecast": (
        FIGURES,
        "forecast",
        N_("Quota, won, weighted and forecast, rolled up"),
        {
            "drill": N_("The records that a figure is made of"),
            "gap": N_("The largest gaps, and the opportunities that could close them"),
        },
    ),
    "notify": (
        WORK,
        "notify",
        N_("What you are told"),
        {
            "list": N_("List what you are told, newest first"),
            "read": N_("Mark what you are told as read"),
        },
    ),
    "credit": (
        SALES,
        "credit",
        N_("What customers may owe, and what they owe"),
        {
            "show": N_("Show the credit of a customer"),
            "limit": N_("Set how much a customer may owe"),
            "policy": N_("Show or decide what happens beyond the limit"),
        },
    ),
    "finance": (
        FIGURES,
        "finance",
        N_("Balances of customers, and what is overdue"),
        {
            "account": N_("The balance of a customer, entry by entry"),
            "due": N_("What is to be paid, and when"),
            "dun": N_("List what is overdue, or remind the customers by mail"),
        },
    ),
    "report": (
        FIGURES,
        "report",
        N_("Margins, profits, and what became of leads"),
        {
            "margin": N_("The gross margin of orders, by order, customer, person or period"),
            "profit": N_("The gross profit of completed orders"),
            "trace": N_("From the source of a lead to the payments"),
            "source-roi": N_("What each source of leads brought"),
        },
    ),
    "pool": (
        SALES,
        "pool",
        N_("The public pool: customers and leads that nobody owns"),
        {
            "list": N_("What is in the pool, the longest there first"),
            "rules": N_("The rules of the pools"),
            "claim": N_("Make what is in the pool your own"),
            "release": N_("Give customers and leads back to the pool, with the reason"),
            "reclaim": N_("Take back what was left idle, or never signed"),
            "allocate": N_("Give what is in the pool to people"),
        },
    ),
    "search": (EVERYTHING, "search", N_("Find a text in every kind of record"), {}),
    "open": (EVERYTHING, "open", N_("Show a record of any kind by its ref"), {}),
    "log": (EVERYTHING, "log", N_("The last changes, newest first"), {}),
    "undo": (EVERYTHING, "log", N_("Take a change back, an import or a bulk edit too"), {}),
    "import": (EVERYTHING, "transfer", N_("Read a file whose mapping names the noun"), {}),
    "export": (EVERYTHING, "transfer", N_("Write the whole store to a folder of files"), {}),
    "can": (EVERYTHING, "access", N_("Whether you may do something, and why"), {}),
    "who-can": (EVERYTHING, "access", N_("Who may do something"), {}),
    "schema": (EVERYTHING, "schema", N_("Print the JSON Schema of what a command prints"), {}),
    "serve": (EVERYTHING, "serve", N_("Show the screens in a browser of this machine"), {}),
    "commands": (EVERYTHING, "commands", N_("List every command there is"), {}),
    "completion": (EVERYTHING, "completion", N_("Print the completion script for bash, zsh or fish"), {}),
    "help": (EVERYTHING, "help", N_("Read about a topic or a command"), {}),
}


@dataclass
class Node:
    """A word of the command line. `module` is where its function is written; without one it only leads on, or is derived."""

    path: str
    help: str
    module: str = ""
    area: str = ""
    children: dict[str, "Node"] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The last word of the path; `crm` for the root."""
        return self.path.rpartition(" ")[2] or "crm"


def _noun_node(name: str) -> Node:
    noun = NOUNS[name]
    node = Node(name, noun.help, area=_AREAS.get(name, EVERYTHING))
    for verb in noun.verbs:
        node.children[verb] = Node(f"{name} {verb}", DERIVED[verb])
    for verb, (module, help) in noun.written.items():
        node.children[verb] = Node(f"{name} {verb}", help, module)
    return node


def _plain_node(name: str) -> Node:
    area, module, help, verbs = _PLAIN[name]
    below = {verb: Node(f"{name} {verb}", text, module) for verb, text in verbs.items()}
    return Node(name, help, module, area, below)


ROOT = Node("", N_("A sales CRM for people who live in a terminal."))
ROOT.children = {name: _noun_node(name) for name in NOUNS} | {name: _plain_node(name) for name in _PLAIN}


def verb_of(node: Node) -> Verb | None:
    """The verb that `node` is, loaded; None where it only leads on. Adds the verbs written below it to its children."""
    if node.module:
        import_module(f"crmtui.commands.{node.module}")
        for path, verb in WRITTEN.items():
            above, _space, last = path.rpartition(" ")
            if above == node.path and last not in node.children:
                node.children[last] = Node(path, verb.help, node.module)
        return WRITTEN.get(node.path)
    noun, _space, name = node.path.partition(" ")
    if not name:
        return None
    from crmtui.commands import derive

    return derive.verb(NOUNS[noun], name)


def build(node: Node) -> typer.core.TyperCommand | typer.core.TyperGroup:
    """The command for `node`, as Typer knows it."""
    verb = verb_of(node)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    built: Any
    if node.children:
        app.callback(cls=Group, invoke_without_command=True)(_lead_on(node, verb))
        built = typer.main.get_group(app)
        built.name = node.name
    else:
        if verb is None:
            raise LookupError(f"no function is registered for `crm {node.path}`")
        parameters = [*options.GENERAL, *(options.CHANGES if verb.change else []), *options.OUTPUTS]
        app.command(node.name, cls=Command)(runner(verb, parameters))
        built = typer.main.get_command(app)
    built.node, built.verb = node, verb
    for parameter in built.params:
        _take_as_typed(parameter)
    return built  # type: ignore[no-any-return]


def _lead_on(node: Node, verb: Verb | None) -> Any:
    """The function of a group: its own verb, or its help, when no verb follows."""
    act = runner(verb, []) if verb else None

    def run(at: typer.Context, **values: Any) -> None:
        if at.invoked_subcommand is None:
            if values.pop("version", False):
                sys.stdout.write(f"crm {__version__}\n")
            elif act:
                act(**values)
            elif node is not ROOT or not tui.begin(values):
                from crmtui.commands import manual

                manual.show(at)

    at = Parameter("at", Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    version = [options.option("version", "--version", kind=bool, help=N_("Print the version of the program"))]
    return signed(run, [at, *(verb.own if verb else version if node is ROOT else []), *options.EVERYWHERE])


def _take_as_typed(parameter: Any) -> None:
    """Let a text pass as it was typed: Typer would load pydantic, a third of the time that `crm lead --help` takes."""
    if parameter.type_descriptor.annotation in (str, list[str], bool):
        parameter._runtime_param = PassThroughRuntimeParam(parameter_info=OptionInfo(), annotation=object)


class _Shared:
    """What a command and a group have in common: options before a word are the defaults of what follows, own help."""

    node: Node
    verb: Verb | None
    params: list[Any]

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        extra["default_map"] = _given(parent) if parent else None
        context = super().make_context(info_name, args, parent=parent, **extra)  # type: ignore[misc]
        if not context.resilient_parsing:
            self.check(context)
        return context

    def check(self, context: Any) -> None:
        """Refuse what stands before a command that has no such option, and words too many."""
        for name in set(context.default_map or {}) - {parameter.name for parameter in self.params}:
            raise Invalid(
                "usage.not_here",
                N_("{option} has no meaning for `crm {command}`."),
                option=_flag(context.parent, name),
                command=self.node.path,
            )
        if context.args and not self.node.children:
            raise Invalid(
                "usage.too_many",
                N_("`crm {command}` does not take {word}."),
                hint=N_("`crm {command} --help` shows what it takes."),
                command=self.node.path,
                word=context.args[0],
            )

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]
        if option is not None:
            _take_as_typed(option)
        return option

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from crmtui.commands import manual

        formatter.write(manual.text(self))


def _given(context: Any) -> dict[str, Any]:
    """The options that stand in the line up to here, by parameter."""
    said = {
        name: value
        for name, value in context.params.items()
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    }
    return {**(context.default_map or {}), **said}


def _flag(context: Any, name: str) -> str:
    while context:
        for parameter in context.command.params:
            if parameter.name == name:
                return str(parameter.opts[0])
        context = context.parent
    return name


class Command(_Shared, typer.core.TyperCommand):
    """A command without verbs below it."""

    allow_extra_args = True


class Group(_Shared, typer.core.TyperGroup):
    """A word with verbs below it, each built when it is called."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(self.node.children)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands and cmd_name in self.node.children:
            self.commands[cmd_name] = build(self.node.children[cmd_name])
        return self.commands.get(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        found = self.get_command(ctx, args[0])
        if found is None and not ctx.resilient_parsing:
            raise no_such(self.node, args[0])
        return args[0] if found else None, found, args[1:]


def no_such(node: Node, word: str) -> Invalid:
    """The error for a word that does not follow `node`."""
    near = nearest(word, node.children)
    said = f"{node.path} ".lstrip()
    hint = N_("Did you mean `crm {said}{near}`?") if near else N_("`crm {said}--help` lists what there is.")
    return Invalid(
        "usage.no_such_command",
        N_("There is no command `crm {said}{word}`."),
        hint=hint,
        said=said,
        word=word,
        near=near,
    )


def root() -> Any:
    """The whole command line, ready to be called."""
    return build(ROOT)
