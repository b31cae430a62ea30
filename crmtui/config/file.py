"""One settings file: read with suspicion, written with care."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crmtui.config.keys import KEYS, checked, value_of
from crmtui.errors import Busy, Forbidden, Invalid
from crmtui.i18n import N_, gettext

LARGEST_FILE = 64 * 1024
LONGEST_LINE = 1000
PASSWORD = re.compile(r"(://[^/@:]*:).+(@)|([?&]\w*password=)[^&]+")


@dataclass(frozen=True)
class Setting:
    """A value and where it comes from: "default", "file PATH line N", "file PATH", "variable NAME", "flag --NAME".

    The value stays out of the representation, since a store URL may hold a password; `shown` is for people.
    """

    name: str
    value: object = field(repr=False)
    origin: str

    @property
    def shown(self) -> str:
        """The value as text, without the password of a store URL."""
        return PASSWORD.sub(lambda at: f"{at[1] or at[3]}***{at[2] or ''}", str(self.value))


def is_there(file: Path) -> bool:
    """Whether `file` exists; raises what a file raises that cannot be looked at."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except PermissionError as error:
        raise _unreadable(file) from error
    except OSError as error:
        raise _unusable(file, error.strerror or "") from error
    return True


def read(file: Path, *, shared: bool = False) -> list[Setting]:
    """The settings in `file`; a `shared` file must belong to whom we trust."""
    text, status = _content(file)
    if shared and status.st_uid not in (os.geteuid(), 0):
        raise Forbidden(
            "config.foreign",
            N_("{file} belongs to another user and could lead your data astray."),
            hint=N_("Make it your own with chown, or work in another folder."),
            file=file,
        )
    settings = []
    for name, value in _leaves(_parsed(file, text)):
        line = _line_of(name, text)
        place = f"{file}:{line}" if line else str(file)
        good = checked(name, value, place)
        if name == "db":
            _refuse_exposed_password(file, str(good), status)
            good = _beside(file, str(good))
        settings.append(Setting(name, good, f"file {file} line {line}" if line else f"file {file}"))
    return settings


def _refuse_exposed_password(file: Path, url: str, status: os.stat_result) -> None:
    if PASSWORD.search(url) and status.st_mode & 0o077:
        raise Forbidden(
            "config.password_exposed",
            N_("{file} holds a password, and others on this machine may read it."),
            field="db",
            hint=N_("Change the password, then: chmod 600 {file}"),
            file=file,
        )


def _beside(file: Path, url: str) -> str:
    """`url`, where a SQLite file without a leading / lies in the folder of `file`, wherever one happens to be."""
    scheme, name = (url[:10], url[10:]) if "://" in url else ("", url)
    if scheme not in ("sqlite:///", "") or not name or name.startswith(("/", ":", "file:")):
        return url
    return scheme + str(file.absolute().parent / name)


def _content(file: Path) -> tuple[str, os.stat_result]:
    """Text and status of `file`, of which no more than the limit is read."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
            status = os.fstat(opened.fileno())
        text = content.decode("utf-8-sig")
    except PermissionError as error:
        raise _unreadable(file) from error
    except OSError as error:
        raise _unusable(file, error.strerror or "") from error
    except UnicodeDecodeError as error:
        raise _unusable(file, gettext(N_("it is not UTF-8 text"))) from error
    if len(content) > LARGEST_FILE:
        raise _unusable(file, gettext(N_("it is larger than 64 KiB")))
    return text, status


def _parsed(file: Path, text: str) -> dict[str, Any]:
    import tomllib

    # The time that the parser takes grows with the square of a key's parts and more.
    if any(len(line) > LONGEST_LINE for line in text.splitlines()):
        raise _unusable(file, gettext(N_("a line is longer than 1,000 characters")))
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise _unusable(file, gettext(N_("it is nested too deep"))) from error
    except ValueError as error:
        raise _unusable(file, str(error)) from error


def _leaves(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted names and values. Only sections that exist are entered: any other table is an unknown key."""
    for part, value in table.items():
        name = prefix + part
        if isinstance(value, dict) and any(key.name.startswith(f"{name}.") for key in KEYS):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


def _line_of(name: str, text: str) -> int | None:
    """The line on which `name` is set, which the parser does not tell; None when it is written in a rarer way."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        head = line.strip()
        if head.startswith("["):
            section = head[1:].partition("]")[0].strip() + "."
            if section == f"{name}.":
                return number
        elif section + head.partition("=")[0].strip(" \t\"'") == name:
            return number
    return None


def _unusable(file: Path, reason: str) -> Invalid:
    return Invalid("config.unusable", N_("{file} is not usable: {reason}"), file=file, reason=reason)


def _unreadable(file: Path) -> Forbidden:
    return Forbidden("config.unreadable", N_("{file} may not be read by this account."), file=file)


def write(path: Path, name: str, text_value: str) -> None:
    """Set `name` in the file at `path`, which is made if need be, readable by its owner alone; the rest of it stays.

    Raises Invalid for a bad name or value or a file that is not usable, Forbidden or Busy where it cannot be saved.
    """
    import tomlkit

    value = checked(name, value_of(name, text_value), "crm config set")
    path = path.resolve()
    text = ""
    if is_there(path):
        if not path.is_file():
            raise _unusable(path, gettext(N_("it is not a file")))
        read(path)
        text = _content(path)[0]
    document = tomlkit.parse(text)
    section, _, leaf = name.rpartition(".")
    if section and section not in document:
        document[section] = tomlkit.table()
    table: Any = document[section] if section else document
    table[leaf] = value
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(path, tomlkit.dumps(document))
    except PermissionError as error:
        raise Forbidden(
            "config.not_saved", N_("{file} may not be written by this account."), file=path
        ) from error
    except OSError as error:
        sentence = N_("{file} could not be saved: {reason}")
        raise Busy("config.not_saved", sentence, file=path, reason=error.strerror) from error


def _replace(path: Path, text: str) -> None:
    """Put `text` at `path` in one step, so that a fault leaves the old file whole."""
    import tempfile

    # The temporary file is readable by its owner alone from the start.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
