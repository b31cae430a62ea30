"""PostgreSQL's own programs for copies, run without ever showing a password."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL

from crmtui.errors import NotReady
from crmtui.i18n import N_
from crmtui.store import stamp
from crmtui.store.copies import Copy


def dump(url: URL, part: Path) -> None:
    """Write the database into the file `part` in PostgreSQL's own format, of one state. Raises NotReady."""
    _run("pg_dump", url, "--format=custom", "--no-password", f"--file={part}")
    check(part)


def put_back(url: URL, file: Path) -> None:
    """Fill the empty database with the checked copy `file`, all or nothing. Raises NotReady."""
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--no-password")
    _run("pg_restore", url, *options, str(file.absolute()))


def check(file: Path) -> Copy:
    """What the copy `file` holds. Raises NotReady when it is no copy of a store, or one of a newer program."""
    listed = _run("pg_restore", None, "--list", str(file.absolute()))
    if not re.search(r" TABLE DATA \S+ crm_schema ", listed):
        raise NotReady("copy.foreign", N_("{file} is not a copy of a store of this program."), file=file)
    found = max(_numbers(file, "crm_schema"), default=0)
    if found > stamp.VERSION:
        raise NotReady(
            "copy.newer",
            N_("{file} was made by a newer program (schema {found}, this one knows {known})."),
            hint=N_("Update crmtui, then try again."),
            file=file,
            found=found,
            known=stamp.VERSION,
        )
    return Copy(found, max(_numbers(file, "tx"), default=0))


def _numbers(file: Path, table: str) -> list[int]:
    """The first column of the rows of `table` in the copy."""
    rows = _run("pg_restore", None, "--data-only", f"--table={table}", "--file=-", str(file.absolute()))
    body = rows.partition("FROM stdin;\n")[2].partition("\n\\.")[0]
    return [int(line.partition("\t")[0]) for line in body.splitlines() if line.partition("\t")[0].isdigit()]


def _run(program: str, url: URL | None, *options: str) -> str:
    """What the program prints. The password travels in the environment, which others cannot see."""
    folder = os.environ.get("CRM_PG_BIN", "")
    found = shutil.which(program, path=folder or None)
    if found is None:
        raise NotReady(
            "copy.no_program",
            N_("{program} is not installed here; it comes with PostgreSQL."),
            hint=N_("Install PostgreSQL's client programs, or name their folder in CRM_PG_BIN."),
            program=program,
        )
    environment = dict(os.environ)
    words = [found, *options]
    if url is not None:
        password = url.password or url.query.get("password")
        if password:
            environment["PGPASSWORD"] = str(password)
        plain = url._replace(drivername="postgresql", password=None).difference_update_query(["password"])
        words.append(f"--dbname={plain.render_as_string(hide_password=False)}")
    ran = subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ran.returncode:
        said = next((line for line in ran.stderr.splitlines() if "error:" in line), ran.stderr.strip()[:200])
        raise NotReady(
            "copy.failed",
            N_("{program} failed: {said}"),
            hint=N_(
                "Its version must not be older than the server's; CRM_PG_BIN names the folder of another."
            ),
            program=program,
            said=said.removeprefix(f"{program}: error: "),
        )
    return ran.stdout
