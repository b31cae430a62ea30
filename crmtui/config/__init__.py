"""Settings: declared once as data, read from files, variables and flags, each with its origin."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from crmtui.config.file import Setting, is_there, read, setting, write
from crmtui.config.keys import KEYS, OWN_KEYS, Key, example, value_of
from crmtui.errors import Invalid, NotReady
from crmtui.i18n import N_

__all__ = ["KEYS", "Config", "Key", "Setting", "example", "load", "write"]

SYSTEM_FILE = Path("/etc/crmtui/config.toml")
PROJECT_FILE = ".crmtui.toml"


class Config:
    """The settings in force. `config["rows"]` is a value of the kind that the key declares."""

    def __init__(self, settings: Iterable[Setting], file: Path | None) -> None:
        self._settings = {key.name: Setting(key.name, key.default, "default") for key in KEYS}
        self._file = file
        self.complaints: list[str] = []
        """What is wrong with settings of the look; they are left out, and the ones before them stay."""
        for found in settings:
            if found.complaint:
                self.complaints.append(found.complaint)
            else:
                self._settings[found.name] = found

    def __getitem__(self, name: str) -> Any:
        return self._settings[name].value

    def settings(self) -> list[Setting]:
        """All settings, in the order in which they are declared, and then the person's own keys."""
        return list(self._settings.values())

    @property
    def own_keys(self) -> dict[str, Setting]:
        """The keys that the person chose, by the id of the binding."""
        return {
            name.removeprefix(OWN_KEYS): found
            for name, found in self._settings.items()
            if name.startswith(OWN_KEYS)
        }

    def place(self, name: str) -> str:
        """Where `name` was set, as complaints begin: FILE:LINE:COLUMN, a variable, a flag; empty for a default."""
        return self._settings[name].place if name in self._settings else ""

    @property
    def path(self) -> Path:
        """The user's own file, which need not exist; raises NotReady where the account has no home folder."""
        if self._file is None:
            raise homeless()
        return self._file

    @property
    def store_url(self) -> str:
        """`db`, or where the store is when that is empty; raises NotReady where the account has no home folder."""
        if self["db"]:
            return str(self["db"])
        from platformdirs import user_data_path

        try:
            return f"sqlite:///{user_data_path('crmtui', appauthor=False) / 'crm.db'}"
        except RuntimeError as error:
            raise homeless() from error


def load(
    flags: Mapping[str, object] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Config:
    """The settings from system file, user file, project file, variables and `flags`, the later over the earlier.

    `flags` has key names, and `config` for `--config`; None means not given. Raises Invalid for a file or a value
    that cannot be used, Forbidden for a file that may not be read or trusted.
    """
    environ = os.environ if environ is None else environ
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    explicit = str(given.pop("config", "") or environ.get("CRM_CONFIG", ""))
    user = Path(explicit) if explicit else _user_file()
    if explicit and not is_there(Path(explicit)):
        raise Invalid(
            "config.no_file", N_("The settings file {file} does not exist."), field="config", file=explicit
        )
    project = _project_file(cwd, environ.get("HOME", ""))
    found: list[Setting] = []
    for file in (SYSTEM_FILE, user, project):
        if file is not None and is_there(file):
            found += read(file, shared=file is project)
    found += _from_variables(environ)
    for name, value in given.items():
        flag = "--" + name.rpartition(".")[2].replace("_", "-")
        found.append(setting(name, value_of(name, value), flag, f"flag {flag}"))
    return Config(found, user)


def _from_variables(environ: Mapping[str, str]) -> Iterator[Setting]:
    """Settings of `CRM_…` variables that are not empty; one of a section must exist, others have other uses."""
    variables = {key.variable: key.name for key in KEYS}
    for variable, text in environ.items():
        name = variables.get(variable)
        if name is None and variable.startswith("CRM_") and "__" in variable:
            name = variable.removeprefix("CRM_").lower().replace("__", ".")
        if name is not None and text:
            yield setting(name, value_of(name, text), variable, f"variable {variable}")


def homeless() -> NotReady:
    """The error for an account without a home folder."""
    return NotReady(
        "config.no_home",
        N_("This account has no home folder to keep settings and the store in."),
        hint=N_("Set HOME, or name the files with --config and --db."),
    )


def _user_file() -> Path | None:
    """The file of the account; None for one without a home folder."""
    from platformdirs import user_config_path

    try:
        return user_config_path("crmtui", appauthor=False) / "config.toml"
    except RuntimeError:
        return None


def _project_file(cwd: Path | None, home: str) -> Path | None:
    """The nearest `.crmtui.toml` from `cwd` upwards, not above the home folder."""
    try:
        here = (cwd or Path.cwd()).absolute()
    except FileNotFoundError:
        return None
    for folder in (here, *here.parents):
        file = folder / PROJECT_FILE
        if os.path.isfile(file):
            return file
        if folder == Path(home):
            break
    return None
