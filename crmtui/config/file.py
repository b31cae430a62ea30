"""One settings file: read with suspicion, written with care."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crmtui.config.keys import KEYS, OWN_KEYS, checked, key_of, value_of
from crmtui.errors import Busy, Forbidden, Invalid
from crmtui.i18n import N_, gettext

LARGEST_FILE = 64 * 1024
LONGEST_LINE = 1000
PASSWORD = re.compile(r"(://[^/@:]*:).+(@)|([?&]\w*password=)[^&]+")


@dataclass(frozen=True)
class Setting:
    """A value and where it comes from: "default", "file PATH line N", "file PATH", "variable NAME", "flag --NAME".

    `place` is the same for a complaint: "PATH:LINE:COLUMN", "NAME". The value stays out of the representation, since a
    store URL may hold a password; `shown` is for people.
    """

    name: str
    value: object = field(repr=False)
    origin: str
    place: str = ""
    complaint: str = ""
    """Why the value is not used; only settings of the look are ever there with one."""

    @property
    def shown(self) -> str:
        """The value as text, without the password of a store URL."""
        if isinstance(self.value, bool):
            return "true" if self.value else "false"
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
        line, column = _where(name, text) or (0, 0)
        origin = f"file {file} line {line}" if line else f"file {file}"
        exactly = f"{file}:{line}:{column}" if line else str(file)
        found = setting(name, value, exactly.rpartition(":")[0] if line else exactly, origin, exactly)
        if name == "db":
            _refuse_exposed_password(file, str(value), status)
            found = replace(found, value=_beside(file, str(value)))
        settings.append(found)
    return settings


def setting(name: str, value: object, place: str, origin: str, exactly: str = "") -> Setting:
    """The setting `name` from `place` when its value is good; a bad one of the look has a complaint, others raise Invalid."""
    exactly = exactly or place
    key = key_of(name)
    try:
        return Setting(name, checked(name, value, exactly if key and key.look else place), origin, exactly)
    except Invalid as error:
        if key is None or not key.look:
            raise
        return Setting(name, value, origin, exactly, str(error))


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
        if isinstance(value, dict) and (
            f"{name}.".startswith(OWN_KEYS) or any(key.name.startswith(f"{name}.") for key in KEYS)
        ):
            yield from _leaves(value, f"{name}.")
        else:
            yield name, value


_PART = r"""(?:"[^"]*"|'[^']*'|[^\s"'.=\[\]#]+)"""
_NAME = re.compile(rf"(\[?)\s*({_PART}(?:\s*\.\s*{_PART})*)\s*([=\]])")


def _where(name: str, text: str) -> tuple[int, int] | None:
    """Line and column where `name` is set, which the parser does not tell; None when it is written in a rarer way."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        found = _NAME.match(line.lstrip())
        if found is None:
            continue
        said = ".".join(part.strip("\"'") for part in re.findall(_PART, found[2]))
        if found[1]:
            section = f"{said}."
        whole = said if found[1] else section + said
        if whole == name or (not found[1] and name.startswith(f"{whole}.")):
            return number, len(line) - len(line.lstrip()) + found.start(2) + 1
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
    section, _, leaf = name.partition(".") if name.startswith(OWN_KEYS) else name.rpartition(".")
    if section and section not in document:
        document[section] = tomlkit.table()
    table: Any = document[section] if section else document
    table[leaf] = value
    try:
        put(path, tomlkit.dumps(document))
    except PermissionError as error:
        raise Forbidden(
            "config.not_saved", N_("{file} may not be written by this account."), file=path
        ) from error
    except OSError as error:
        sentence = N_("{file} could not be saved: {reason}")
        raise Busy("config.not_saved", sentence, file=path, reason=error.strerror) from error


def put(path: Path, text: str, *, lasting: bool = True) -> None:
    """Put `text` at `path` in one step, for its owner alone, so that a fault leaves the old file whole.

    Its folder is made if need be. `lasting`: it outlives a power cut from here on. Raises OSError.
    """
    import tempfile

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The temporary file is readable by its owner alone from the start.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as opened:
            opened.write(text)
            if lasting:
                opened.flush()
                os.fsync(opened.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
