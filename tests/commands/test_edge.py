"""Exit codes, errors, pipes, encodings: what a script can rely on whatever happens."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crmtui import errors
from crmtui.commands import edge, tree
from crmtui.commands.call import Call
from crmtui.commands.verb import WRITTEN, Verb
from tests.commands.conftest import Crm, process


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Call], None]], None]:
    """Puts one more command, `crm trial`, into the tree for the length of a test."""

    def put(function: Callable[[Call], None]) -> None:
        monkeypatch.setitem(WRITTEN, "trial", Verb("trial", function))
        monkeypatch.setitem(tree.ROOT.children, "trial", tree.Node("trial", "A trial", "help"))

    return put


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (errors.Invalid, 2),
        (errors.NotReady, 3),
        (errors.Forbidden, 4),
        (errors.NotFound, 5),
        (errors.Refused, 6),
        (errors.Conflict, 6),
        (errors.Partial, 7),
        (errors.Busy, 8),
    ],
)
def test_each_error_has_its_exit_code(
    kind: type[errors.CrmError], code: int, bare: Crm, verb: Callable[..., None]
) -> None:
    def fail(call: Call) -> None:
        raise kind(
            "trial.failed",
            "It did not work: {why}.",
            field="amount",
            hint="Try {what}.",
            why="\x1b[31mno",
            what="x",
        )

    verb(fail)
    plain = bare("trial")
    assert (plain.code, plain.out) == (code, "")
    assert plain.err == "crm: amount: It did not work: ␛[31mno. Try x.\n"
    told = bare("trial", "--json")
    assert told.code == code
    assert told.error == {
        "code": "trial.failed",
        "message": "It did not work: \x1b[31mno.",
        "field": "amount",
        "hint": "Try x.",
    }
    assert "\x1b" not in told.err


def test_every_kind_of_error_has_an_exit_code() -> None:
    assert {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CrmError)
    } == {
        errors.CrmError,
        *edge.EXIT,
    }


def test_a_bug_is_one_sentence_and_a_file(
    bare: Crm, verb: Callable[..., None], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    verb(lambda call: print(1 // 0))
    done = bare("trial")
    log = home / ".local/state/crmtui/fault.log"
    assert (done.code, done.out) == (1, "")
    assert (
        done.err
        == f"crm: A fault in the program (ZeroDivisionError). Please report it with the file {log}.\n"
    )
    assert "ZeroDivisionError" in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    assert bare("trial", "--json").error["code"] == "bug"
    monkeypatch.setenv("CRM_DEBUG", "1")
    assert "Traceback" in bare("trial").err


def test_a_bug_without_a_place_for_the_file(bare: Crm, verb: Callable[..., None], home: Path) -> None:
    verb(lambda call: print(1 // 0))
    (home / ".local").write_text("in the way")
    done = bare("trial")
    assert done.code == 1
    assert "CRM_DEBUG=1" in done.err


def test_the_file_of_a_bug_is_never_written_through_a_link(
    bare: Crm, verb: Callable[..., None], home: Path
) -> None:
    verb(lambda call: print(1 // 0))
    folder = home / ".local/state/crmtui"
    folder.mkdir(parents=True)
    precious = home / "precious"
    precious.write_text("mine")
    (folder / "fault.log").symlink_to(precious)
    assert bare("trial").code == 1
    assert precious.read_text() == "mine"


def test_what_the_system_refuses(bare: Crm, verb: Callable[..., None], home: Path) -> None:
    def touch(call: Call) -> None:
        os.mkdir(home)

    verb(touch)
    done = bare("trial")
    assert done.code == 8
    assert str(home) in done.err


def test_interrupted(bare: Crm, verb: Callable[..., None]) -> None:
    def stop(call: Call) -> None:
        raise KeyboardInterrupt

    verb(stop)
    assert (bare("trial").code, bare("trial").err) == (130, "")


def test_ctrl_c_in_a_process(home: Path) -> None:
    code = "import sys; from crmtui.commands.edge import main; print('ready', file=sys.stderr, flush=True); sys.exit(main())"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "product", "add", "--input", "-"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stderr is not None
    assert running.stderr.readline() == b"ready\n"
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    _out, err = running.communicate(timeout=20)
    assert (running.returncode, err) == (130, b"")


def test_a_full_disk_and_no_output_at_all(crm: Crm) -> None:
    crm("product", "add", "Desk")
    script = f"{sys.executable} -m crmtui"
    full = subprocess.run(["sh", "-c", f"{script} product list >/dev/full"], capture_output=True, check=False)
    assert full.returncode == 8
    assert full.stderr.startswith(b"crm: The operating system refuses: ")
    assert full.stderr.count(b"\n") == 1
    none = subprocess.run(
        ["sh", "-c", f"{script} product show 9 >&- 2>&- <&-"], capture_output=True, check=False
    )
    assert (none.returncode, none.stdout, none.stderr) == (5, b"", b"")


@pytest.mark.parametrize("format", ["json", "csv", "tsv"])
def test_a_closed_pipe_is_quiet(crm: Crm, sqlite_url: str, format: str) -> None:
    crm("product", "add", "Desk")
    running = subprocess.Popen(
        [sys.executable, "-m", "crmtui", "product", "list", "--format", format],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    assert (running.wait(20), running.stderr.read()) == (141, b"")
    running.stderr.close()


def test_output_is_utf8_whatever_the_locale(crm: Crm) -> None:
    crm("product", "add", "华为 Mate ☎")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = process("product", "list", "--fields", "name", env=environment)
    assert (done.returncode, done.stdout.decode()) == (0, "华为 Mate ☎\n")
    assert "产品不存在".encode() in process("product", "show", "产品不存在", env=environment).stderr


def test_an_argument_that_is_not_utf8_is_refused(crm: Crm) -> None:
    done = process("lead", "add", b"M\xfcller")
    assert done.returncode == 2
    assert b"is not UTF-8" in done.stderr
    assert (
        json.loads(process("lead", "add", b"M\xfcller", "--json").stderr)["error"]["code"] == "usage.not_utf8"
    )


def test_no_store_yet(bare: Crm) -> None:
    done = bare("lead", "list")
    assert (done.code, done.out) == (3, "")
    assert "crm init" in done.err


def test_settings_that_cannot_be_read_are_told_but_help_works(bare: Crm, home: Path) -> None:
    (home / ".config/crmtui").mkdir(parents=True)
    (home / ".config/crmtui/config.toml").write_text("rows = {{{")
    assert bare("lead", "list").code == 2
    assert bare("lead", "--help").code == 0


@pytest.mark.parametrize(
    ("words", "variables", "settings", "language"),
    [
        ([], {}, "", "en"),
        (["--lang", "zh"], {}, "", "zh"),
        (["--lang=zh"], {"CRM_LANG": "en"}, "", "zh"),
        ([], {"CRM_LANG": "zh"}, "", "zh"),
        ([], {"LC_ALL": "zh_CN.UTF-8"}, "", "zh"),
        ([], {"LC_ALL": "zh_CN.UTF-8"}, 'lang = "en"', "en"),
        ([], {}, 'lang = "zh"', "zh"),
        (["--", "--lang", "zh"], {}, "", "en"),
    ],
)
def test_the_language_is_known_before_anything_is_said(
    words: list[str],
    variables: dict[str, str],
    settings: str,
    language: str,
    bare: Crm,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from crmtui import i18n

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    (home / ".config/crmtui").mkdir(parents=True)
    (home / ".config/crmtui/config.toml").write_text(settings)
    bare("lead", *words)
    assert i18n.language() == language
