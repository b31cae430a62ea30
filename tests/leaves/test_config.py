"""Settings: where each value comes from, and what is said about a bad one."""

import os
import stat
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui import config
from crmtui.config import KEYS, Config, example, load, write
from crmtui.errors import CrmError, Forbidden, Invalid

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account of our own: no variables, no files, and a work folder to stand in."""
    for name in [name for name in os.environ if name.startswith(("CRM_", "XDG_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(config, "SYSTEM_FILE", tmp_path / "etc/crmtui/config.toml")
    (tmp_path / "work/deep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "work/deep")
    return tmp_path


@pytest.fixture
def user_file(home: Path) -> Callable[[str], Path]:
    def put(text: str) -> Path:
        return _put(home / ".config/crmtui/config.toml", text)

    return put


def _put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _origin(settings: Config, name: str) -> str:
    return next(setting.origin for setting in settings.settings() if setting.name == name)


def test_each_place_overrides_the_one_before_and_is_named(
    home: Path, user_file: Callable[[str], Path]
) -> None:
    assert (load()["rows"], _origin(load(), "rows")) == (50, "default")

    system = _put(home / "etc/crmtui/config.toml", "# of the firm\nrows = 1\n[import]\nbatch = 11\n")
    assert (load()["rows"], _origin(load(), "rows")) == (1, f"file {system} line 2")
    user = user_file("rows = 2\n")
    assert (load()["rows"], _origin(load(), "rows")) == (2, f"file {user} line 1")
    project = _put(home / "work/.crmtui.toml", "\nlang = 'zh'\n\nrows = 3\n")
    assert (load()["rows"], _origin(load(), "rows")) == (3, f"file {project} line 4")
    environ = {"HOME": str(home), "CRM_ROWS": "4", "CRM_IMPORT__CACHE_MIB": "64", "CRM_DB": ""}
    settings = load(environ=environ)
    assert (settings["rows"], _origin(settings, "rows")) == (4, "variable CRM_ROWS")
    settings = load({"rows": "5", "import.batch": 7, "lang": None}, environ=environ)
    assert (settings["rows"], _origin(settings, "rows")) == (5, "flag --rows")

    assert (settings["import.batch"], _origin(settings, "import.batch")) == (7, "flag --batch")
    assert (settings["import.cache_mib"], _origin(settings, "import.cache_mib")) == (
        64,
        "variable CRM_IMPORT__CACHE_MIB",
    )
    assert (settings["lang"], _origin(settings, "lang")) == ("zh", f"file {project} line 2")
    assert (settings["db"], _origin(settings, "db")) == ("", "default")
    assert load(environ={"HOME": str(home)})["import.batch"] == 11
    assert [setting.name for setting in settings.settings()] == [key.name for key in KEYS]


def test_a_named_file_stands_in_for_the_users_own(home: Path, user_file: Callable[[str], Path]) -> None:
    user_file("rows = 2\ncolor = 'never'\n")
    other = _put(home / "other.toml", "rows = 9\n")
    for settings in (load({"config": str(other)}), load(environ={"CRM_CONFIG": str(other)})):
        assert (settings["rows"], settings["color"], settings.path) == (9, "auto", other)
    with pytest.raises(Invalid, match=r"nowhere\.toml does not exist"):
        load({"config": "nowhere.toml"}, environ={"CRM_CONFIG": str(other)})
    with pytest.raises(CrmError):
        load({"config": "x" * 5000})


def test_a_project_file_is_looked_for_upwards_but_not_above_home(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(home / ".crmtui.toml", "rows = 3\n")
    assert load()["rows"] == 3
    monkeypatch.setenv("HOME", str(home / "work"))
    assert load()["rows"] == 50
    assert load(cwd=home)["rows"] == 3


def test_a_work_folder_that_was_removed_has_no_project_file(home: Path) -> None:
    gone = home / "work/deep"
    gone.rmdir()
    assert load()["rows"] == 50


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_project_file_of_another_user_is_refused(home: Path) -> None:
    os.chown(_put(home / "work/.crmtui.toml", "db = 'postgresql://elsewhere/x'\n"), 12345, 12345)
    with pytest.raises(Forbidden, match="belongs to another user"):
        load()


def test_a_sqlite_file_lies_beside_the_settings_that_name_it(home: Path) -> None:
    project = home / "work/.crmtui.toml"
    _put(project, "db = 'sqlite:///team.db'\n")
    assert load()["db"] == load().store_url == f"sqlite:///{home}/work/team.db"
    for url in ("sqlite:////srv/crm.db", "sqlite:///:memory:", "sqlite://", "postgresql://ann@host/crm"):
        _put(project, f"db = '{url}'\n")
        assert load()["db"] == url
    for said in ("team.db", "data/team.sqlite"):
        _put(project, f"db = '{said}'\n")
        assert load()["db"] == f"{home}/work/{said}"
    project.unlink()
    assert load()["db"] == ""
    assert load().store_url == f"sqlite:///{home}/.local/share/crmtui/crm.db"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lang = 'en'\nrowz = 5\n", "config.toml:2: there is no setting rowz. Did you mean rows?"),
        (
            "[import]\nbacth = 5\n",
            "config.toml:2: there is no setting import.bacth. Did you mean import.batch?",
        ),
        (
            "\n[imports]\nbatch = 5\n",
            "config.toml:2: there is no setting imports. Did you mean import.batch?",
        ),
        ("import = 5\n", "config.toml:1: there is no setting import. Did you mean import.batch?"),
        ("'木' = 5\n", "config.toml:1: there is no setting 木. All settings: crm config show"),
        ("rows = '5'\n", "config.toml:1: rows must be a whole number from 1 to 1000000."),
        ("rows = 0\n", "config.toml:1: rows must be a whole number from 1 to 1000000."),
        ("rows = true\n", "config.toml:1: rows must be a whole number from 1 to 1000000."),
        ("rows = 5.0\n", "config.toml:1: rows must be a whole number from 1 to 1000000."),
        ("busy_timeout = 3601\n", "config.toml:1: busy_timeout must be a whole number from 0 to 3600."),
        ("import.batch = nan\n", "config.toml:1: import.batch must be a whole number from 1 to 1000000."),
        ("color = 'blue'\n", "config.toml:1: color must be one of auto, always, never."),
        ("lang = ['en']\n", 'config.toml:1: lang must be one of "", en, zh.'),
        ("[db]\nurl = 1\n", "config.toml:1: db must be text on one line."),
        ('db = "less\\nrm"\n', "config.toml:1: db must be text on one line."),
    ],
)
def test_a_bad_key_or_value_is_named_with_its_line(
    text: str, said: str, user_file: Callable[[str], Path]
) -> None:
    file = user_file(text)
    with pytest.raises(Invalid) as raised:
        load()
    assert str(raised.value) == f"{file.parent}/{said}"


@pytest.mark.parametrize(
    ("variable", "text", "said"),
    [
        ("CRM_ROWS", "1_000", "CRM_ROWS: rows must be a whole number"),
        ("CRM_ROWS", "٥", "CRM_ROWS: rows must be a whole number"),
        ("CRM_ROWS", "9" * 5000, "CRM_ROWS: rows must be a whole number"),
        ("CRM_IMPORT__BATCH", "-1", "CRM_IMPORT__BATCH: import.batch must be a whole number"),
        (
            "CRM_IMPORT__BACTH",
            "5",
            r"CRM_IMPORT__BACTH: there is no setting import\.bacth\. Did you mean import\.batch",
        ),
    ],
)
def test_a_bad_variable_is_named(variable: str, text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        load(environ={variable: text})


def test_variables_of_other_uses_are_none_of_ours() -> None:
    assert load(environ={"CRM_USER": "ann", "CRM_NOW": "2026-01-01", "CRMX__Y": "1"})["rows"] == 50


def test_a_bad_flag_is_named() -> None:
    with pytest.raises(Invalid, match="--format: format must be one of table, plain"):
        load({"format": "xml"})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"rows = \n", "line 1"),
        (b"x = " + b"[\n" * 30_000, "nested too deep"),
        (b"x = " + b"[" * 60_000, "a line is longer than 1,000 characters"),
        (b"x = " + b"9" * 5_000, "longer than 1,000"),
        (b"# " + b"\n" * 70_000, "larger than 64 KiB"),
        (b"db = '\xff\xfe'", "not UTF-8"),
        (b"db = '\0'", "line 1"),
    ],
)
def test_a_file_that_is_no_settings_file_gets_one_sentence(
    content: bytes, reason: str, user_file: Callable[[str], Path]
) -> None:
    user_file("").write_bytes(content)
    with pytest.raises(Invalid, match=rf"config\.toml is not usable: .*{reason}") as raised:
        load()
    assert raised.value.code == "config.unusable"


def test_a_folder_in_the_place_of_the_file_gets_one_sentence(home: Path) -> None:
    (home / ".config/crmtui/config.toml").mkdir(parents=True)
    for act in (load, lambda: write(home / ".config/crmtui/config.toml", "rows", "5")):
        with pytest.raises(Invalid, match="not usable"):
            act()


def test_a_file_from_windows_with_a_byte_order_mark_is_read(user_file: Callable[[str], Path]) -> None:
    user_file("").write_bytes("\ufeffrows = 5\r\ndb = '/srv/少.db'\r\n".encode())
    assert (load()["rows"], load()["db"]) == (5, "/srv/少.db")


def test_a_password_that_others_may_read_is_refused_and_never_shown(user_file: Callable[[str], Path]) -> None:
    for url in ("postgresql://ann:s3cret@h/crm", "postgresql://h:5432/crm?user=ann&password=s3cret"):
        file = user_file(f"db = '{url}'\n")
        file.chmod(0o644)
        with pytest.raises(Forbidden, match="holds a password") as raised:
            load()
        assert "s3cret" not in str(raised.value)
        file.chmod(0o600)
        assert load()["db"] == url
        setting = load().settings()[0]
        assert "s3cret" not in setting.shown + repr(setting)
        assert "***" in setting.shown
    file = user_file("db = 'postgresql://ann@h:5432/crm'\n")
    file.chmod(0o644)
    assert load().settings()[0].shown == "postgresql://ann@h:5432/crm"


def test_writing_keeps_comments_and_is_for_the_owner_alone(home: Path) -> None:
    file = load().path
    write(file, "import.batch", "500")
    file.write_text("# mine\nlang = 'zh'  # 中文\n" + file.read_text(), encoding="utf-8")
    file.chmod(0o644)
    write(file, "rows", "7")
    write(file, "import.cache_mib", "8")
    write(file, "lang", "en")

    text = file.read_text(encoding="utf-8")
    assert "# mine\n" in text
    assert "# 中文" in text
    assert tomllib.loads(text) == {"lang": "en", "rows": 7, "import": {"batch": 500, "cache_mib": 8}}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert os.listdir(file.parent) == ["config.toml"]


@pytest.mark.parametrize(
    "before", ["import.batch = 5\n", "import = { batch = 5 }\n", "[import]\nbatch = 5\n"]
)
def test_writing_fits_into_a_section_however_it_is_written(
    before: str, user_file: Callable[[str], Path]
) -> None:
    file = user_file(before)
    write(file, "import.cache_mib", "9")
    write(file, "rows", "3")
    assert (load()["import.batch"], load()["import.cache_mib"], load()["rows"]) == (5, 9, 3)


def test_writing_something_bad_changes_nothing(user_file: Callable[[str], Path]) -> None:
    file = user_file("rows = 5\n")
    for name, text, said in (
        ("rows", "many", "rows must be a whole number"),
        ("row", "5", "Did you mean rows"),
        ("color", "", "one of auto"),
    ):
        with pytest.raises(Invalid, match=said):
            write(file, name, text)
    assert file.read_text() == "rows = 5\n"
    broken = user_file("rows = \n")
    with pytest.raises(Invalid, match="not usable"):
        write(broken, "lang", "zh")
    assert broken.read_text() == "rows = \n"


def test_writing_through_a_link_keeps_the_link(home: Path) -> None:
    target = _put(home / "dotfiles/crm.toml", "rows = 5\n")
    link = load().path
    link.parent.mkdir(parents=True)
    link.symlink_to(target)
    write(link, "rows", "6")
    assert link.is_symlink()
    assert target.read_text() == "rows = 6\n"


@given(value=st.text(max_size=200))
def test_what_is_written_is_read_back_or_refused(
    value: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "property/config.toml"
    file.unlink(missing_ok=True)
    try:
        write(file, "db", f"sqlite:////srv/{value}")
    except Invalid:
        assert not value.isprintable()
    else:
        assert load({"config": str(file)})["db"] == f"sqlite:////srv/{value}"


def test_the_example_file_is_what_the_keys_say() -> None:
    assert (ROOT / "config.example.toml").read_text(encoding="utf-8") == example()


def test_the_example_holds_every_key_at_its_default_under_a_comment(home: Path) -> None:
    file = _put(home / "example.toml", example())
    settings = load({"config": str(file)})
    lines = example().splitlines()
    for key, setting in zip(KEYS, settings.settings(), strict=True):
        assert setting.value == key.default
        assert setting.origin.startswith(f"file {file} line ")
        line = int(setting.origin.rpartition(" ")[2])
        assert lines[line - 1].startswith(key.name.rpartition(".")[2] + " = ")
        assert lines[line - 2].startswith("# ")


def _python(code: str, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, env=environ, capture_output=True, text=True, cwd=ROOT)


def test_long_blank_lines_cost_nothing(user_file: Callable[[str], Path]) -> None:
    user_file((" " * 1000 + "\n") * 60 + "rows = 5\n")
    begun = time.perf_counter()
    assert load()["rows"] == 5
    assert time.perf_counter() - begun < 1


@pytest.mark.skipif(os.geteuid() != 0, reason="root may read everything, so another account has to try")
def test_what_the_account_may_not_touch_is_said() -> None:
    code = """
import os, sys, platformdirs, tomlkit, tomllib, tempfile
from pathlib import Path
from crmtui import config
os.setgid(54321); os.setuid(54321)
folder = Path(sys.argv[1])
for act in (lambda: config.load({"config": folder / "closed.toml"}), lambda: config.load({"config": folder / "in/x.toml"}),
            lambda: config.write(folder / "new.toml", "rows", "5")):
    try:
        act()
    except config.file.Forbidden as error:
        print(error)
"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        _put(folder / "closed.toml", "rows = 5\n").chmod(0o600)
        _put(folder / "in/x.toml", "rows = 5\n").parent.chmod(0o700)
        said = _python(code, {}, name).stdout.splitlines()
    assert said == [
        f"{folder}/closed.toml may not be read by this account.",
        f"{folder}/in/x.toml may not be read by this account.",
        f"{folder}/new.toml may not be written by this account.",
    ]


def test_an_empty_environment_will_do() -> None:
    code = "from crmtui.config import load; c = load(environ={}); print(c['rows'], c.path.is_absolute(), c.store_url[:11])"
    ran = _python(code, {})
    assert (ran.stdout, ran.stderr) == ("50 True sqlite:////\n", "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an account that does not exist")
def test_an_account_without_a_home_folder_is_told_when_it_needs_one() -> None:
    code = """
import os
from crmtui import config
import platformdirs, tomllib
os.setgid(54321); os.setuid(54321)
settings = config.load()
print(settings["rows"])
for need in (lambda: settings.path, lambda: settings.store_url):
    try:
        print(need())
    except config.NotReady as error:
        print(error.code)
print(config.load({"db": "sqlite:////srv/x.db"}).store_url)
"""
    ran = _python(code, {})
    assert (ran.stdout.split(), ran.stderr) == (
        ["50", "config.no_home", "config.no_home", "sqlite:////srv/x.db"],
        "",
    )


def test_import_stays_light() -> None:
    code = "import sys, crmtui.config; print([m for m in ('tomlkit', 'tomllib', 'platformdirs', 'pydantic') if m in sys.modules])"
    assert _python(code, {}).stdout == "[]\n"


def test_a_bad_setting_of_the_look_complains_and_is_left_out(
    user_file: Callable[[str], Path], home: Path
) -> None:
    _put(home / "etc/crmtui/config.toml", "glyphs = 'ascii'\n")
    file = user_file(
        "rows = 5\n  glyphs = 'big'\nanimations=1\naccessible = 'yes'\ntheme = ['x']\n[keys]\n\"opp.edit\" = 5\n"
    )
    settings = load(environ={"HOME": str(home), "CRM_KEYSET": "vim"})
    assert settings.complaints == [
        f"{file}:2:3: glyphs must be one of auto, unicode, ascii.",
        f"{file}:3:1: animations must be one of auto, full, none.",
        f"{file}:4:1: accessible must be true or false.",
        f"{file}:5:1: theme must be text on one line.",
        f"{file}:7:1: keys.opp.edit must be text on one line.",
        "CRM_KEYSET: keyset must be one of default, arrows.",
    ]
    assert (settings["rows"], settings["glyphs"], settings["animations"]) == (5, "ascii", "auto")
    assert (settings["accessible"], settings["theme"], settings.own_keys) == (False, "", {})
    with pytest.raises(Invalid, match="glyphs must be one of"):
        write(file, "glyphs", "big")
    user_file("keys = 5\n")
    assert load().complaints == [f'{file}:1:1: keys must be a table of keys, such as "opp.edit" = "ctrl+e".']


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('[keys]\n"opp.edit" = "ctrl+e"\n', 2, 1),
        ("[keys]\n  opp.edit = 'ctrl+e'\n", 2, 3),
        ("\n[ keys . opp ]\nedit = 'ctrl+e'\n", 3, 1),
        ("keys = { 'opp.edit' = 'ctrl+e' }\n", 1, 1),
        ("keys.\"opp.edit\" = 'ctrl+e'\n", 1, 1),
        ("\"keys\" . opp . 'edit' = 'ctrl+e'\n", 1, 1),
    ],
)
def test_keys_of_ones_own_are_read_however_they_are_written(
    text: str, line: int, column: int, user_file: Callable[[str], Path]
) -> None:
    file = user_file(text)
    [(name, found)] = load().own_keys.items()
    assert (name, found.value) == ("opp.edit", "ctrl+e")
    assert found.place == f"{file}:{line}:{column}"


def test_settings_of_the_look_are_written_and_come_from_variables(home: Path) -> None:
    file = load().path
    for name, text in (("accessible", "yes"), ("theme", "nord"), ("keys.opp.edit", "ctrl+e"), ("rows", "9")):
        write(file, name, text)
    assert tomllib.loads(file.read_text()) == {
        "accessible": True,
        "theme": "nord",
        "rows": 9,
        "keys": {"opp.edit": "ctrl+e"},
    }
    shown = {setting.name: setting.shown for setting in load().settings()}
    assert (shown["accessible"], shown["keys.opp.edit"]) == ("true", "ctrl+e")
    environ = {"HOME": str(home), "CRM_ACCESSIBLE": "0", "CRM_KEYS__OPP__EDIT": "f5"}
    settings = load(environ=environ)
    assert (settings["accessible"], settings.own_keys["opp.edit"].value) == (False, "f5")
    assert settings.place("keys.opp.edit") == "CRM_KEYS__OPP__EDIT"
    assert (settings.place("theme"), settings.place("glyphs")) == (f"{file}:2:1", "")
