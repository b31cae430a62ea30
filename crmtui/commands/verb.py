"""A verb of the command line: a function, its own options, and what it is to a reader of the help."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import Parameter
from typing import Any

from crmtui.commands.call import Call
from crmtui.commands.prints import Prints


@dataclass(frozen=True)
class Verb:
    """What one command does. `path` are its words (`opp advance`); `run` gets the call and its own options by name.

    `prints` is None where the command prints a text of its own.
    """

    path: str
    run: Callable[..., None]
    own: list[Parameter] = field(default_factory=list)
    change: bool = False
    help: str = ""
    more: str = ""
    examples: tuple[str, ...] = ()
    prints: Prints | None = None


WRITTEN: dict[str, Verb] = {}
"""The hand-written verbs of the modules loaded so far, by path."""


def command(
    path: str,
    *,
    change: bool = False,
    help: str = "",
    more: str = "",
    examples: tuple[str, ...] = (),
    prints: Prints | None = None,
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make the function below the command `path`.

    Its first parameter is the Call; the others are declared as Typer does, texts marked with N_. `change` adds
    --dry-run, --key and --if-version. The one-line help stands with the noun or in the table of `tree.py`; `help`
    is for the verbs below a verb (`opp team add`), `more` for paragraphs beyond the first line, `prints` for
    `crm schema`.
    """

    def register(function: Callable[..., None]) -> Callable[..., None]:
        _call, *own = inspect.signature(function, eval_str=True).parameters.values()
        WRITTEN[path] = Verb(path, function, own, change, help, more, examples, prints)
        return function

    return register


def runner(verb: Verb, parameters: list[Parameter]) -> Callable[..., None]:
    """The function that Typer calls for `verb`: it takes `parameters`, opens the call, runs the verb, closes."""

    def run(**values: Any) -> None:
        with Call.open(verb.path, values, change=verb.change) as call:
            call.perform(verb.run)

    return signed(run, [*verb.own, *parameters])


def signed(function: Callable[..., None], parameters: list[Parameter]) -> Callable[..., None]:
    """`function`, which takes keywords, shown to Typer as taking `parameters`."""
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return function
