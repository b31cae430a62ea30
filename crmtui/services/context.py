"""One command's view of the world: configuration, store, clock, who acts, and the only way to change anything."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

from sqlalchemy import select

from crmtui import clock as clocks
from crmtui import config as configuration
from crmtui.clock import Clock
from crmtui.errors import Conflict, Forbidden, Invalid, NotReady, Refused, about
from crmtui.i18n import N_, gettext
from crmtui.services.nouns import SEARCHED
from crmtui.store import plain, refs, session
from crmtui.store.record import Record, table
from crmtui.store.session import Store, Tx
from crmtui.store.values import Entry, Ref, in_language
from crmtui.store.visibility import Actor
from crmtui.text import fold, nearest

__all__ = ["Actor", "Company", "Context", "Ref", "Tx", "os_login"]

KEPT_DAYS = 30
"""How long the answer to a `--key` is kept."""
ANSWER_SECONDS = 2.0
"""How long to wait for the answer of a command that used the same key and is printing it just now."""


@dataclass(frozen=True)
class Company:
    """What holds for the whole company; kept in the store."""

    name: str = ""
    currency: str = "USD"
    timezone: str = "UTC"
    fiscal_start: int = 1
    phone_region: str = ""

    @property
    def called(self) -> str:
        """Its name, or a word for it where none was given."""
        return self.name or gettext(N_("Company"))


def os_login() -> str:
    """The operating system's own name for who runs this; the environment is not asked."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def _moment(now: str | None, clock: Clock) -> datetime | None:
    with about("now"):
        return clocks.parse_moment(now, clock) if now else None


class Context:
    """Open it once for a command, as a context manager; `transaction` changes, `reading` reads."""

    def __init__(
        self,
        config: configuration.Config,
        store: Store,
        *,
        login: str | None = None,
        now: str | None = None,
        dry_run: bool = False,
        key: str | None = None,
        if_version: int | None = None,
        note: str = "",
        command: str = "",
    ) -> None:
        self.config, self.store = config, store
        self.dry_run, self.key, self.if_version, self.note, self.command = (
            dry_run,
            key,
            if_version,
            note,
            command,
        )
        self.notes: list[str] = []
        self.despite: tuple[str, ...] = ()
        """Refs of records that look like what is entered, and are others all the same."""
        self.last_tx: str | None = None
        self.replayed: str | None = None
        self._claimed = False
        self._batched = False
        self._whole: Tx | None = None
        self._rehearsal: Tx | None = None
        self._rehearsing: Any = None
        self._choices: dict[str, dict[str, str]] = {}
        self._stages: dict[int, dict[str, str]] = {}
        self._names: dict[str | int | None, dict[str, str]] = {}
        session.check_ready(store)
        self.clock = Clock(_moment(now, Clock()))
        nobody = Actor(None, "", "", "")
        with session.reading(store, nobody, self.clock.now()) as tx, tx.without_predicate("identity"):
            self.company = self._load_company(tx)
            self.clock = Clock(_moment(now, Clock(zone=self.company.timezone)), self.company.timezone)
            self.actor = self._identify(tx, login)
        if key:
            self._recall()

    @classmethod
    def open(
        cls,
        *,
        flags: Mapping[str, object] | None = None,
        beside: "Context | None" = None,
        frugal: bool = False,
        **options: Any,
    ) -> Self:
        """The context of a command. `flags` are configuration keys from the command line. Raises CrmError.

        One that is opened `beside` another uses its store, with what that has compiled and the connections that it
        keeps; it leaves them open when it is closed. A `frugal` one takes less memory, for as long as it is open.
        """
        config = configuration.load(flags)
        if beside is not None:
            context = cls(config, beside.store, **options)
            context._keeps_store = True
            return context
        patience = float(str(config["busy_timeout"]))
        store = session.connect(config.store_url, busy_timeout=patience, frugal=frugal)
        try:
            return cls(config, store, **options)
        except BaseException:
            store.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    _keeps_store = False
    """Whether the store is another context's."""

    def close(self) -> None:
        """Let go of the store; what a dry run did is rolled back here."""
        if self._rehearsing is not None:
            assert self._rehearsal is not None
            self._rehearsal.session.expunge_all()
            self._rehearsal.session.rollback()
            self._rehearsing.__exit__(None, None, None)
            self._rehearsing = self._rehearsal = None
        if not self._keeps_store:
            self.store.close()

    def _load_company(self, tx: Tx) -> Company:
        rows = plain.settings(tx.session.connection())
        known = {
            name: rows[name] for name in ("name", "currency", "timezone", "phone_region") if name in rows
        }
        return Company(**known, fiscal_start=int(rows.get("fiscal_start", "1")))

    def _identify(self, tx: Tx, acting_as: str | None) -> Actor:
        """Who acts: the operating-system user on SQLite, the session's user on PostgreSQL; an administrator may name another."""
        login = (
            os_login()
            if self.store.sqlite
            else str(tx.session.connection().exec_driver_sql("select session_user").scalar_one())
        )
        actor = self._actor(tx, login, login)
        if not acting_as or acting_as == login:
            return actor
        if actor.scope("user", "act_as") != "all":
            raise Forbidden(
                "actor.act_as",
                N_("Only an administrator may act as somebody else."),
                hint=N_("Leave --as (and CRM_USER) away."),
            )
        return self._actor(tx, login, acting_as)

    def _actor(self, tx: Tx, login: str, acting_as: str) -> Actor:
        found = plain.person(tx.session.connection(), acting_as)
        if found is None or not found.active:
            sentence = (
                N_("{login} is not a user of this store.")
                if found is None
                else N_("{login} is no longer active in this store.")
            )
            raise Forbidden(
                "actor.unknown",
                sentence,
                hint=N_("An administrator can add people: crm user add NAME --login {login}."),
                login=acting_as,
            )
        return Actor(found.id, login, acting_as, found.role, found.dept_id, found.territory_id, found.rights)

    # Reading and changing

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """A consistent view of the store with the actor's eyes; after a dry run, of what it would leave behind."""
        running = self._whole or self._rehearsal
        if running is not None:
            yield running
            return
        with session.reading(self.store, self.actor, self.clock.now()) as tx:
            yield tx

    @contextmanager
    def transaction(
        self,
        verb: str,
        note: str = "",
        *,
        undoes: int | None = None,
        force: bool = False,
        goes_on: int | None = None,
        last: bool = True,
        index_later: bool = False,
    ) -> Iterator[Tx]:
        """The only place that begins and commits: all of the block or nothing, journalled under `verb`.

        A dry run goes through the same code and is rolled back when the context closes. `goes_on` is the id of the
        transaction that this one continues, and `last` says that no other will (see `batch`). `index_later` leaves the
        search index to `derived.catch_up`. Raises what the block raises, Forbidden, Busy, and Invalid for what the
        store refuses.
        """
        if self._whole is not None:
            yield self._whole
            return
        manager = session.writing(
            self.store, self.actor, self.clock.now(), verb, note or self.note, undoes=undoes, tx_id=goes_on
        )
        tx = manager.__enter__()
        tx.force, tx.region = force, self.company.phone_region
        try:
            if last:
                self._claim(tx)
            yield tx
            if self.dry_run:
                with session.guard(self.store):
                    tx.session.flush()
                self._rehearsal, self._rehearsing = tx, manager
                return
            self._index(tx, index_later)
            if session.commit(tx):
                self.last_tx = str(tx.id)
                self._claimed = last and bool(self.key)
        except BaseException as error:
            if not manager.__exit__(type(error), error, error.__traceback__):
                raise
        else:
            manager.__exit__(None, None, None)

    def _index(self, tx: Tx, later: bool) -> None:
        """Have what was changed found by searching, or note that it is not yet."""
        from crmtui.store import search  # what only reads does without

        with session.guard(self.store):
            tx.session.flush()
            assert tx.id is not None
            if later:
                search.owe(tx.session.connection(), tx.id)
            else:
                search.follow(tx.session.connection(), tx.id, SEARCHED)

    @contextmanager
    def together(self, verb: str, note: str = "") -> Iterator[Tx]:
        """Several use cases as one change: their transactions become this one, journalled and taken back under `verb`.

        All or nothing; the rights that are asked are those of `verb`. Raises as `transaction`.
        """
        with self.transaction(verb, note) as tx:
            self._whole = tx
            try:
                yield tx
            finally:
                self._whole = None

    @contextmanager
    def batch(self, verb: str, *, last: bool = False) -> Iterator[Tx]:
        """One batch of a change too large for one transaction: it commits by itself, under one id with all others.

        A dry run keeps them all in one transaction. The `last` one notes the `--key`. Raises as `transaction`.
        """
        if self._rehearsal is not None:
            yield self._rehearsal
            return
        goes_on = int(self.last_tx) if self._batched and self.last_tx else None
        with self.transaction(verb, goes_on=goes_on, last=last, index_later=True) as tx:
            yield tx
        self._batched = True

    # Doing a thing once

    @property
    def _key(self) -> str:
        """The key as stored: everybody has their own, for an answer may show what others must not see."""
        return f"{self.actor.id} {self.key}"

    def _recall(self) -> None:
        """Take over the answer of an earlier run with the same key; one that is still printing is given a moment.

        Raises Refused when the key was used for another command.
        """
        last = time.monotonic() + ANSWER_SECONDS
        while True:
            with session.reading(self.store, self.actor, self.clock.now()) as tx:
                done = self._was_done(tx)
            if not done or self.replayed or time.monotonic() > last:
                return
            time.sleep(0.02)

    def _was_done(self, tx: Tx) -> bool:
        """Take over the answer of an earlier run with the same key, if there was one. Raises Refused when that was another command."""
        from crmtui.store import once  # only a command with a key needs it

        row = once.find(tx, self._key, self.clock.now() - timedelta(days=KEPT_DAYS))
        if row is None:
            return False
        if row.command != self.command:
            raise Refused(
                "key.reused",
                N_("The key {key} was used for another command."),
                hint=N_("Use a new key for a new command; a key is kept for 30 days."),
                key=self.key,
            )
        self.replayed, self.last_tx = row.answer or "", None if row.tx is None else str(row.tx)
        return True

    def _claim(self, tx: Tx) -> None:
        """Take the key within the transaction that does the work, so that of several who race only one does it.

        The others wait here until that one has committed. Raises Conflict "key.done", with its answer in `replayed`.
        """
        if not self.key or self.dry_run or self._claimed:
            return
        before = self.clock.now() - timedelta(days=KEPT_DAYS)
        from crmtui.store import once

        if once.claim(tx, self._key, self.command, before):
            return
        tx.session.rollback()
        self._recall()
        raise Conflict("key.done", N_("This was done before with the key {key}."), key=self.key)

    def keep_answer(self, answer: str) -> None:
        """Keep what a command with `--key` answered, for the next time that it is said."""
        if self._claimed:
            from crmtui.store import once

            once.keep(self.store, self._key, answer)

    # Reading what people type

    def entry(self, tx: Tx) -> Entry:
        """What the reading of a value leans on, within `tx`."""
        return Entry(
            clock=self.clock,
            currency=self.company.currency,
            me=self.actor.id,
            resolve=lambda noun, text: self._resolve(tx, noun, text),
            choose=lambda name, text: self.choose(tx, name, text),
            stage=lambda process, text: self.stage_code(tx, process, text),
        )

    def _resolve(self, tx: Tx, noun: str, text: str) -> int:
        if noun == "user" and text == "me" and self.actor.id is not None:
            return self.actor.id
        return refs.resolve(tx, noun, text)

    def choices(self, tx: Tx, name: str) -> dict[str, str]:
        """The list `name`: every way to write an entry (code, name in either language, folded) → its code."""
        if name not in self._choices:
            choice = table("type")
            rows = tx.session.execute(
                select(choice.code, choice.name, choice.name_zh).where(
                    choice.list == name, choice.active.is_(True), choice.archived_at.is_(None)
                )
            )
            words: dict[str, str] = {}
            for code, *names in rows:
                words[fold(code)] = code
                for each in names:
                    words.setdefault(fold(each or code), code)
            self._choices[name] = words
        return self._choices[name]

    def choose(self, tx: Tx, name: str, text: str) -> str:
        """The code on the list `name` that `text` means; `text` itself, with a note, where the list does not have it."""
        words = self.choices(tx, name)
        found = words.get(fold(text))
        if found is None and words and name not in ("tag", "interest", "skill"):
            near = nearest(text, words.values())
            said = gettext(N_("{text} is not on the list {list}; kept as typed.")).format(
                text=text, list=name
            )
            self.remark(said + (" " + gettext(N_("Did you mean {near}?")).format(near=near) if near else ""))
        return found or text

    def remark(self, text: str) -> None:
        """Something to tell the person besides the result; said once."""
        if text not in self.notes:
            self.notes.append(text)

    def process_id(self, tx: Tx, process: int | None) -> int:
        """`process`, or the id of the default process. Raises NotReady when the store has none."""
        if process is not None:
            return process
        default = select(table("process").id).where(table("process").code == "default")
        with tx.without_predicate("names"):  # to say a stage one need not see how the company sells
            found = tx.session.scalars(default).first()
        if found is None:
            raise NotReady(
                "process.none",
                N_("There is no process called default."),
                hint=N_("Add one: crm process add --code default --name Default."),
            )
        return int(found)

    def stages(self, tx: Tx, process: int) -> dict[str, str]:
        """The stages of a process: every way to write one, folded → its code."""
        if process not in self._stages:
            stage = table("stage")
            query = select(stage.code, stage.name, stage.name_zh).where(stage.process_id == process)
            with tx.without_predicate("names"):
                rows = tx.session.execute(query.order_by(stage.position)).all()
            words: dict[str, str] = {}
            for code, *names in rows:
                words[fold(code)] = code
                for each in names:
                    words.setdefault(fold(each or code), code)
            self._stages[process] = words
        return self._stages[process]

    def stage_code(self, tx: Tx, process: int | None, text: str) -> str:
        """The code of the stage that `text` means in a process (default: the default one). Raises Invalid with the nearest."""
        words = self.stages(tx, self.process_id(tx, process))
        found = words.get(fold(text))
        if found is None:
            near = nearest(text, words)
            raise Invalid(
                "stage.unknown",
                N_("This process has no stage {text}."),
                field="stage",
                hint=N_("Did you mean {near}? Its stages are: {stages}.")
                if near
                else N_("Its stages are: {stages}."),
                text=text,
                near=words.get(near or ""),
                stages=", ".join(dict.fromkeys(words.values())),
            )
        return found

    def entry_name(self, name: str, code: str) -> str:
        """What people call the entry `code` of the list `name`; the code itself where it is not on the list."""
        if name not in self._names:
            choice = table("type")
            self._names[name] = self._names_by_code(choice, choice.list == name)
        return self._names[name].get(code, code)

    def stage_name(self, process: int | None, code: str) -> str:
        """What people call the stage `code` of a process (None: of the first that has it); the code where none has it."""
        if process not in self._names:
            stage = table("stage")
            of_it = stage.id > 0 if process is None else stage.process_id == process
            self._names[process] = self._names_by_code(stage, of_it)
        return self._names[process].get(code, code)

    def _names_by_code(self, model: Any, condition: Any) -> dict[str, str]:
        query = select(model.code, model.name, model.name_zh).where(condition).order_by(model.id.desc())
        with self.reading() as tx:
            return {code: in_language(name, name_zh) for code, name, name_zh in tx.session.execute(query)}

    def forget_lists(self) -> None:
        """Read lists and stages anew: they were changed."""
        self._choices.clear()
        self._stages.clear()
        self._names.clear()

    def check_version(self, tx: Tx, row: Record, wanted: Mapping[str, Any]) -> None:
        """Raise Conflict when `--if-version` names another version than the record now has, showing both values."""
        if self.if_version is None or row.version == self.if_version:
            return
        from crmtui.services.journal import what_changed

        raise Conflict(
            "record.changed",
            N_("{ref} was changed meanwhile (version {now}, you had {had}): {changes}."),
            hint=N_("Look at it again (crm open {ref}), then repeat with --if-version {now}."),
            ref=refs.ref_of(row.NOUN, row.id or 0),
            now=row.version,
            had=self.if_version,
            changes=what_changed(self, tx, row, self.if_version, wanted),
        )
