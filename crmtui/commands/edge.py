"""The edge of the program: argv comes in, an exit code goes out, and all that went wrong is told on standard error."""

import contextlib
import gc
import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

from crmtui import i18n
from crmtui.errors import (
    Busy,
    Conflict,
    CrmError,
    Forbidden,
    Invalid,
    NotFound,
    NotReady,
    Partial,
    Refused,
    gap,
)
from crmtui.i18n import N_, gettext
from crmtui.text import clean

EXIT: dict[type[CrmError], int] = {
    Invalid: 2,
    NotReady: 3,
    Forbidden: 4,
    NotFound: 5,
    Refused: 6,
    Conflict: 6,
    Partial: 7,
    Busy: 8,
}
"""Which exit code means what; see `crm help exit-codes`."""

BUG, INTERRUPTED, CLOSED_PIPE = 1, 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; comes back with its exit code and never with a traceback."""
    words = [_as_utf8(word) for word in (sys.argv[1:] if arguments is None else arguments)]
    _use_utf8()
    gc.set_threshold(
        100_000, 20, 20
    )  # loading libraries makes many objects and no garbage: do not look for any
    try:
        try:
            code = _run(words)
        except CrmError as error:
            code = _told(error, words)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _stop_writing()
        return CLOSED_PIPE
    except OSError as error:
        code = _told(_from_system(error), words)
        _stop_writing()
        return code
    except Exception as error:  # the one place where a bug becomes a sentence
        return _bug(error, words)


def _run(words: list[str]) -> int:
    i18n.set_language(_language(words))
    for word in words:
        if any("\ud800" <= letter <= "\udfff" for letter in word):
            raise Invalid(
                "usage.not_utf8",
                N_(
                    "{word} is not UTF-8: enter it again, or read it from a file with --input or import --encoding."
                ),
                word=word,
            )
    if not words:
        from crmtui.commands import opening

        code = opening.bare()
        if code is not None:
            return code
    import typer

    from crmtui.commands import tree

    try:
        command = tree.root()
        # Not through `main` of Typer, which ends the process by itself when a pipe is closed.
        with command.make_context("crm", list(words), help_option_names=["-h", "--help"]) as context:
            command.invoke(context)
    except typer.TyperException as error:
        raise _from_parser(error) from error
    except typer.Exit as leave:
        return int(leave.exit_code)
    return 0


# Before anything is read


def _use_utf8() -> None:
    # A process may be started without one of them, under cron for instance.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if hasattr(sys.stdin, "reconfigure"):
        with contextlib.suppress(OSError):  # it has been read from already
            sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")


def _as_utf8(word: str) -> str:
    """`word` read as UTF-8, also where the locale would have it as something else; with lone surrogates if it is none."""
    try:
        return word.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return word


def _language(words: list[str]) -> str:
    """The language, before the line is parsed: --lang, the settings, the environment."""
    said = _given(words, "--lang")
    if said in i18n.LANGUAGES:
        return said
    from crmtui import config

    try:
        return str(
            config.load({"config": _given(words, "--config") or None})["lang"] or i18n.from_environment()
        )
    except CrmError:
        return i18n.from_environment()


def _given(words: list[str], option: str) -> str:
    """The value that follows `option` in the line, which may be wrong in other places; empty when it is not there."""
    before = words[: words.index("--")] if "--" in words else words
    value = ""
    for place, word in enumerate(before):
        if word == option and place + 1 < len(before):
            value = before[place + 1]
        elif word.startswith(f"{option}="):
            value = word.partition("=")[2]
    return value


# What went wrong


def _told(error: CrmError, words: list[str]) -> int:
    """Tell `error` on standard error, in one line or as JSON; comes back with its exit code."""
    if _wants_json(words):
        said = {
            "code": error.code,
            "message": _placed(error, error.message),
            "field": error.field,
            "hint": error.hint or None,
        }
        line = json.dumps({"error": said}, ensure_ascii=True)
    else:
        line = _sentence(error)
    _write_error(line)
    if os.environ.get("CRM_DEBUG"):
        _traceback(error)
    return next(EXIT[kind] for kind in type(error).__mro__ if kind in EXIT)


def _sentence(error: CrmError) -> str:
    """One line; below it a hint that draws, such as the place in a condition."""
    # Whether the words of the program draw: a line break in a value that they quote does not count.
    draws = error.hint_template == "{pointer}" or "\n" in error.hint_template
    between = "\n" if draws else gap(error.message)
    said = error.message
    if not _names_field(error):
        said = gettext(N_("{name}: {reason}")).format(name=error.field, reason=said)
    return (clean(f"crm: {_placed(error, said)}") + between + clean(error.hint, multiline=draws)).rstrip()


def _names_field(error: CrmError) -> bool:
    """Whether the words of `error` tell already which field or option is meant."""
    if not error.field:
        return True
    name = re.escape(error.field).replace("_", "[_ -]")
    return re.search(rf"(?<!\w){name}(?!\w)", f"{error.message} {error.hint}", re.IGNORECASE) is not None


def _placed(error: CrmError, said: str) -> str:
    """`said` with the item of --input that is meant, where there are several."""
    if "item" not in error.params:
        return said
    return gettext(N_("Item {number}: {said}")).format(number=error.params["item"], said=said)


def _wants_json(words: list[str]) -> bool:
    before = words[: words.index("--")] if "--" in words else words
    said = _given(words, "--format") or os.environ.get("CRM_FORMAT", "")
    return "--json" in before or said in ("json", "jsonl")


def _write_error(line: str) -> None:
    with contextlib.suppress(OSError):
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def _from_system(error: OSError) -> CrmError:
    """What the operating system refused, where no command knew better."""
    params = {"file": error.filename or "", "reason": error.strerror or str(error)}
    if isinstance(error, PermissionError):
        return Forbidden(
            "system.forbidden", N_("The operating system does not allow it: {file} {reason}"), **params
        )
    return Busy("system.failed", N_("The operating system refuses: {file} {reason}"), **params)


def _from_parser(error: Any) -> CrmError:
    """The parser's complaint as ours, in the language in use."""
    command = error.ctx.command.node.path if getattr(error, "ctx", None) else ""
    kind = type(error).__name__
    hint = (
        N_("`crm {command} --help` shows what it takes.")
        if command
        else N_("`crm --help` shows what there is.")
    )
    option = getattr(error, "option_name", "")
    if kind == "NoSuchOption":
        from crmtui.text import nearest

        known = [
            flag
            for parameter in error.ctx.command.params
            for flag in (*parameter.opts, *parameter.secondary_opts)
        ]
        near = nearest(option, ["--help", *(flag for flag in known if flag.startswith("--"))])
        return Invalid(
            "usage.no_such_option",
            N_("There is no option {option} here."),
            field=option.lstrip("-").replace("-", "_"),
            hint=N_("Did you mean {near}?") if near else hint,
            option=option,
            near=near,
            command=command,
        )
    if kind == "MissingParameter":
        name = error.param.metavar or error.param.name.upper()
        if error.param.param_type_name == "option":
            name = error.param.opts[0]
        return Invalid("usage.missing", N_("{name} is missing."), hint=hint, name=name, command=command)
    if kind == "BadOptionUsage":
        sentence = (
            N_("{option} takes no value.")
            if "does not take" in error.message
            else N_("{option} needs a value.")
        )
        return Invalid("usage.option_value", sentence, hint=hint, option=option, command=command)
    parameter = getattr(error, "param", None)
    name = getattr(parameter, "opts", [""])[0]
    if parameter is not None and parameter.type_descriptor.annotation is int:
        sentence = N_("{name} takes a whole number of at least {least}.")
        least = parameter.min or 0
        return Invalid("usage.wrong", sentence, hint=hint, name=name, least=least, command=command)
    return Invalid(
        "usage.wrong", N_("{name}: {reason}"), hint=hint, name=name, reason=error.message, command=command
    )


def _stop_writing() -> None:
    """Let nothing more be written to a closed pipe or a full disk, not at the end of the process either."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


# Bugs


def _bug(error: Exception, words: list[str]) -> int:
    """One sentence for a fault of the program itself; the traceback goes to a file that only its owner reads."""
    place = _logged(error)
    sentence = (
        N_("A fault in the program ({kind}).") if place else N_("A fault in the program ({kind}: {said}).")
    )
    hint = (
        N_("Please report it with the file {place}.")
        if place
        else N_("Please report it; CRM_DEBUG=1 shows more.")
    )
    told = CrmError("bug", sentence, hint=hint, kind=type(error).__name__, said=error, place=place)
    if _wants_json(words):
        said = {"code": told.code, "message": told.message, "field": None, "hint": told.hint}
        _write_error(json.dumps({"error": said}))
    else:
        _write_error(_sentence(told))
    if os.environ.get("CRM_DEBUG"):
        _traceback(error)
    return BUG


def _logged(error: Exception) -> str:
    """The file that now holds the traceback; empty where none can be written."""
    import traceback

    try:
        from platformdirs import user_state_path

        folder = user_state_path("crmtui", appauthor=False)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / "fault.log"
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with open(handle, "w", encoding="utf-8", errors="backslashreplace") as log:
            os.fchmod(log.fileno(), 0o600)
            log.write("".join(traceback.format_exception(error)))
    except (OSError, RuntimeError):
        return ""
    return str(file)


def _traceback(error: BaseException) -> None:
    import traceback

    _write_error("".join(clean(line, multiline=True) for line in traceback.format_exception(error)))
