"""What a database says when it refuses, as errors for people."""

from dataclasses import dataclass

from crmtui.errors import Busy, CrmError, Forbidden, Invalid, NotReady, Refused
from crmtui.i18n import N_


@dataclass(frozen=True)
class _Case:
    """An error for people, and the words by which the databases announce it."""

    kind: type[CrmError]
    code: str
    sentence: str
    hint: str
    words: tuple[str, ...]


_ASK = N_("Ask its owner for access, or name another store with --db.")
_CASES = (
    _Case(
        Busy,
        "store.busy",
        N_("Another program is writing to {name}."),
        N_("Try again in a moment."),
        ("is locked", "lock timeout", "deadlock", "could not serialize"),
    ),
    _Case(
        Busy,
        "store.full",
        N_("There is no room left for {name}; nothing was changed."),
        N_("Make room on its disk, then run the command again."),
        ("database or disk is full", "disk full", "no space left"),
    ),
    _Case(
        Refused,
        "total.too_large",
        N_("A total of these records is larger than the store can count."),
        N_("Ask for fewer of them: narrow --where, --period or --dept."),
        ("integer overflow", "bigint out of range"),
    ),
    _Case(
        Busy,
        "store.unwritable",
        N_("The disk refuses to read or write {name} ({said}); nothing was changed."),
        N_("Check the disk and the limits of this account, then run the command again."),
        ("disk i/o error", "could not write", "could not extend"),
    ),
    _Case(
        Forbidden,
        "store.login",
        N_("The database does not let you in: {said}."),
        N_("Check the user and the password; passwords belong into ~/.pgpass."),
        ("password", "authentication failed", "pg_hba.conf", "is not permitted to log in"),
    ),
    _Case(
        Forbidden,
        "store.forbidden",
        N_("This login may not read or write {name}: {said}."),
        _ASK,
        ("readonly", "read-only", "permission denied", "unable to open"),
    ),
    _Case(
        NotReady,
        "store.no_database",
        N_("There is no such database or login: {said}."),
        N_("Check --db, or have an administrator make it, then run crm init."),
        ('database "', 'role "'),
    ),
    _Case(
        NotReady,
        "store.foreign",
        N_("{name} is not a store of this program, or it is damaged: {said}."),
        N_("Restore a backup with crm db restore, or name another store with --db."),
        ("not a database", "malformed", "file is encrypted", "unsupported file format"),
    ),
    _Case(
        Refused,
        "store.referenced",
        N_("Other records still point at this one, or it points at one that is gone: {said}."),
        N_("Archive it instead: nothing that others point at is ever removed."),
        ("foreign key",),
    ),
    _Case(
        Refused,
        "record.taken",
        N_("Such a record exists already: {said}."),
        N_("Change the field that must be unique."),
        ("unique", "duplicate key"),
    ),
    _Case(
        Refused,
        "journal.append_only",
        N_("What the journal holds is never changed."),
        "",
        ("append-only",),
    ),
    _Case(
        Invalid,
        "record.invalid",
        N_("The store refuses a value: {said}."),
        N_("See crm help formats for the form of values."),
        ("check constraint", "cannot store", "violates not-null", "not null constraint", "out of range"),
    ),
    _Case(
        Busy,
        "store.unreachable",
        N_("The database does not answer: {said}."),
        N_("Check --db, the network and the server."),
        (
            "connection",
            "could not translate host",
            "resolve host",
            "server closed",
            "timeout",
            "terminating",
            "shutting down",
        ),
    ),
    _Case(
        NotReady,
        "store.not_set_up",
        N_("{name} is not set up."),
        N_("Run crm init first."),
        ("no such table", "no such column", "does not exist"),
    ),
)
"""In the order in which they are looked for: the first whose words are found is meant."""


def told(said: str, name: str) -> CrmError | None:
    """The error for people that a database means by `said`, about the store `name`; None for what only a bug explains."""
    said = next(iter(said.strip().splitlines()), "")
    low = said.lower()
    for case in _CASES:
        if any(word in low for word in case.words):
            said = said.removeprefix("connection failed: ").rstrip(".")
            return case.kind(case.code, case.sentence, hint=case.hint, name=name, said=said)
    return None
