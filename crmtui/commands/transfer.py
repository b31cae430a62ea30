"""Import and export: `crm NOUN import`, `crm import`, `crm NOUN export`, `crm export`."""

import os
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from crmtui.commands.call import Call
from crmtui.commands.options import argument, option
from crmtui.commands.prints import one, rows
from crmtui.commands.progress import Progress
from crmtui.commands.verb import WRITTEN, Verb
from crmtui.errors import CrmError, Forbidden, Invalid, Partial, Refused
from crmtui.i18n import N_
from crmtui.services.nouns import NOUNS

if TYPE_CHECKING:
    from crmtui.services.transfer import Summary

COUNTS = ("read", "created", "updated", "unchanged", "skipped", "rejected")
IMPORT = [
    argument("file", "FILE", N_("CSV, TSV, XLSX, XLS, JSON, JSON lines or vCards; - for standard input")),
    option("mapping", "--mapping", metavar="FILE", help=N_("A mapping file: see crm help import")),
    option(
        "map",
        "--map",
        metavar="FIELD=COLUMN",
        kind=list[str],
        help=N_("Read this field from this column; repeat it"),
    ),
    option(
        "on_match",
        "--on-match",
        metavar="update|skip|fail",
        help=N_("What to do with a record that is there already"),
    ),
    option(
        "create",
        "--create",
        metavar="A,B",
        help=N_("Make records that are pointed at and missing: account,product …"),
    ),
    option(
        "rejects",
        "--rejects",
        metavar="FILE",
        help=N_("Write the rejected rows with their reasons to this new file"),
    ),
    option(
        "encoding",
        "--encoding",
        metavar="NAME",
        help=N_("The encoding of the file, such as gb18030; auto for the only one that fits"),
    ),
    option(
        "ignore", "--ignore", metavar="COLUMN", kind=list[str], help=N_("Leave this column out; repeat it")
    ),
    option("sheet", "--sheet", metavar="NAME", help=N_("The sheet of a workbook; the first if not said")),
    option(
        "delimiter",
        "--delimiter",
        metavar="SIGN",
        help=N_("What stands between the columns, if it is not found by itself; or tab"),
    ),
]


SUMMARY = one(
    {
        "mapping": {"type": "object", "additionalProperties": {"type": "string"}},
        "problems": rows(line="whole", field="line", code="line", message="line"),
        "rejects_path": {"type": ["string", "null"]},
        "created_others": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    **dict.fromkeys(COUNTS, "whole"),
)


def run_import(
    noun: str | None,
    call: Call,
    *,
    file: str,
    map: list[str] | None,
    create: str | None,
    ignore: list[str] | None,
    **given: Any,
) -> None:
    """Import a file and print what became of its rows; raises Partial when some were rejected."""
    from crmtui.services import transfer

    with Progress(call) as progress:
        summary = transfer.run(
            call.ctx,
            noun,
            file,
            maps=map or (),
            create=[name.strip() for name in (create or "").split(",") if name.strip()],
            ignore=ignore or (),
            progress=progress,
            **given,
        )
    report(call, summary)


def report(call: Call, summary: "Summary") -> None:
    """Print the summary of an import; its problems, and in a dry run its mapping, go to standard error."""
    parts: Mapping[str, Any] = summary.as_dict()
    call.one(
        SUMMARY.columns,
        {name: parts[name] for name in COUNTS},
        **{name: part for name, part in parts.items() if name not in (*COUNTS, "tx")},
    )
    if call.options.dry_run:
        for field, column in summary.mapping.items():
            call.say(N_("{field} is read from {column}"), field=field, column=column)
    for noun, count in summary.created_others.items():
        call.say(N_("Also made: {count} of {noun}"), noun=noun, count=f"{count:,}")
    if summary.index_seconds >= 1:
        seconds = f"{summary.index_seconds:.1f}"
        call.say(
            N_("Made ready for searching: {count}, in {seconds} s"),
            count=f"{summary.indexed:,}",
            seconds=seconds,
        )
    for line, _field, _code, message in summary.problems:
        call.say(N_("line {line}: {message}"), line=line, message=message)
    if summary.rejected:
        hint = (
            N_("They are in {file}; mended, it imports as it is.")
            if summary.rejects_path
            else N_("--rejects FILE keeps them, with the reason of each.")
        )
        raise Partial(
            "import.partial",
            N_("{rejected} of {read} rows were rejected."),
            hint=hint,
            rejected=f"{summary.rejected:,}",
            read=f"{summary.read:,}",
            file=summary.rejects_path,
        )


WRITTEN["import"] = Verb(
    "import",
    partial(run_import, None),
    IMPORT,
    change=True,
    prints=SUMMARY,
    examples=("crm import pipeline.csv --mapping maven-pipeline.toml --dry-run",),
)

_FILES = rows(noun="line", records="whole", file="line")
_FORMATS = ("csv", "tsv", "json", "jsonl", "md", "xlsx")


def run_export(call: Call, *, folder: str, archived: bool) -> None:
    """Write every noun to a file of its own in a new folder, and print how many records each has."""
    from crmtui.commands.output import Output
    from crmtui.services import records

    format = call.options.format if call.options.format in _FORMATS else "jsonl"
    _make(folder)
    written = []
    for noun in NOUNS:
        file = os.path.join(folder, f"{noun}.{format}")
        found = records.find(call.ctx, noun, archived=archived, sort="ref", verb="export")
        out = Output.to_file(file, format)
        out.claim()
        try:
            count, _unshown = out.many(found.fields, found.rows)
        except BaseException:
            out.close(False)
            raise
        out.close(True)
        written.append({"noun": noun, "records": count, "file": file})
    call.rows(_FILES.columns, written)


def _make(folder: str) -> None:
    try:
        os.mkdir(folder, 0o700)
    except OSError as error:
        raise _no_folder(folder, error) from error


def _no_folder(folder: str, error: OSError) -> CrmError:
    if isinstance(error, FileExistsError):
        return Refused(
            "export.exists", N_("{folder} exists already."), hint=N_("Name a new folder."), folder=folder
        )
    if isinstance(error, PermissionError):
        return Forbidden("export.forbidden", N_("{folder} may not be made by this account."), folder=folder)
    return Invalid(
        "export.no_folder",
        N_("{folder} cannot be made: {reason}"),
        folder=folder,
        reason=error.strerror or "",
    )


WRITTEN["export"] = Verb(
    "export",
    run_export,
    [
        argument("folder", "FOLDER", N_("A folder that is not there yet")),
        option("archived", "--archived", kind=bool, help=N_("Also what was put away")),
    ],
    prints=_FILES,
    examples=("crm export everything", "crm export everything --format csv"),
)
