"""One call of one command: its options, its context, and the ways to answer."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crmtui.commands import options as common
from crmtui.commands.options import Options
from crmtui.commands.outset import tell
from crmtui.errors import CrmError, NotReady, Partial
from crmtui.i18n import N_, gettext
from crmtui.text import clean

if TYPE_CHECKING:
    from crmtui.commands.output import Output
    from crmtui.config import Config
    from crmtui.services.context import Context
    from crmtui.services.records import Field as Column

Row = Mapping[str, Any]


class Call:
    """What a verb works with: `ctx` for the services, `record` `rows` `text` to answer, `say` and `confirm` to talk.

    Open it as a context manager; store and output are opened when first asked for.
    """

    def __init__(self, path: str, options: Options, own: dict[str, Any], *, change: bool) -> None:
        self.path, self.options, self.own, self.change = path, options, own, change

    @classmethod
    def open(cls, path: str, values: dict[str, Any], *, change: bool) -> Self:
        """The call of the command `path` with the values that Typer has read; not yet entered."""
        options, own = common.split(values, change=change)
        return cls(path, options, own, change=change)

    # What it works on

    @cached_property
    def config(self) -> "Config":
        """The settings in force for this call."""
        from crmtui import config

        return config.load(self.flags)

    @property
    def flags(self) -> dict[str, object]:
        """The settings that the line itself gives."""
        return {name: getattr(self.options, name) for name in ("db", "config", "lang")}

    @cached_property
    def ctx(self) -> "Context":
        """The context for the services, opened with the common options."""
        from crmtui.services.context import Context

        given = self.options
        return Context.open(
            flags=self.flags,
            login=given.login,
            now=given.now,
            dry_run=given.dry_run,
            key=given.key,
            if_version=given.version,
            command=self._identity(),
        )

    def _identity(self) -> str:
        """What makes two calls the same command, for --key: the words and their values, not how it is printed."""
        own = {name: value for name, value in self.own.items() if value not in (None, False, [])}
        return f"{self.path} {json.dumps(own, sort_keys=True, ensure_ascii=False)}"

    @cached_property
    def out(self) -> "Output":
        """Where and how data goes out."""
        from crmtui.commands.output import Output

        return Output(self.options, lambda: self.config)

    # Answers: the data of the command, on standard output or in the file of -o

    def record(self, noun: str, obj: Any) -> None:
        """Print one record of `noun`, as it now is: what a service returned, or its fields as a mapping."""
        from crmtui.services import records

        row = obj if isinstance(obj, Mapping) else records.present(self.ctx, noun, obj)
        fields = [field for field in records.fields_of(self.ctx, noun) if field.name in row]
        self.one(fields, row)

    def records(self, noun: str, objs: Iterable[Any]) -> None:
        """Print several records of `noun`, as they now are: what a service returned."""
        from crmtui.services import records

        self.rows(records.fields_of(self.ctx, noun), records.present_all(self.ctx, noun, objs))

    def figures(self, **figures: int) -> None:
        """Print a few whole numbers under their names, such as the parts of a summary."""
        from crmtui.commands.output import columns

        self.one(columns(**dict.fromkeys(figures, "whole")), figures)

    def value(self, text: str, **json_form: str) -> None:
        """Print a single text: as it is, or in JSON as an object of `json_form`."""
        if self.options.format in ("json", "jsonl") or self.options.jq or self.options.template:
            from crmtui.commands.output import columns

            self.one(columns(**dict.fromkeys(json_form, "line")), json_form)
        else:
            self.text(clean(text))

    def one(self, columns: "Sequence[Column]", row: Row, **more: Any) -> None:
        """Print one object with `columns`. Its JSON has `more` besides, and after a change the `tx` that undo takes."""
        extra = {**more, "tx": self.ctx.last_tx} if self.change else more
        self.out.one(columns, row, extra)

    def rows(
        self, columns: "Sequence[Column]", rows: Iterable[Row], total: Callable[[], int] | None = None
    ) -> None:
        """Print many rows with `columns`. `total` says how many there are where `rows` may stop before the end."""
        shown, unshown = self.out.many(columns, rows)
        if unshown:
            self.say(N_("Not shown for want of room: {names}"), names=", ".join(unshown))
        if total and self.out.people:
            there_are = total()
            if there_are > shown:
                self.say(N_("{shown} of {total}"), shown=f"{shown:,}", total=f"{there_are:,}")

    def text(self, text: str) -> None:
        """Print `text`, which is the data of this command, as it is."""
        self.out.write(text if text.endswith("\n") else text + "\n")

    # Talk: standard error, never data

    def say(self, sentence: str, **params: object) -> None:
        """A remark on standard error, unless -q: `sentence` is a template of the catalogue."""
        if not self.options.quiet:
            tell(gettext(sentence).format_map(params))

    @property
    def may_ask(self) -> bool:
        """Whether there is a person who can answer."""
        return (
            sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty() and not self.options.no_input
        )

    def confirm(self, question: str, **params: object) -> None:
        """Go on only if the person says yes, or --yes was given; raises NotReady otherwise. A dry run never asks."""
        if self.options.yes or self.options.dry_run:
            return
        asked = gettext(question).format_map(params)
        if not self.may_ask:
            raise NotReady(
                "confirm.needed",
                N_("This needs a yes: {question}"),
                hint=N_("Say it with --yes, or try it with --dry-run."),
                question=asked,
            )
        sys.stderr.write(clean(asked) + gettext(N_(" [y/N] ")))
        sys.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes", "j", "是", "好"):
            raise NotReady("confirm.cancelled", N_("Cancelled; nothing was changed."))

    # Its life

    def perform(self, run: Callable[..., None]) -> None:
        """Run the verb, unless its --key was used before, or is being used just now by another who is first."""
        if self.again():
            return
        try:
            run(self, **self.own)
        except CrmError as error:
            if error.code != "key.done":
                raise
            self.again()

    def again(self) -> bool:
        """Whether this --key was used before for the same command; what that answered is printed again."""
        if not self.options.key or not self.change:
            return False
        if self.ctx.replayed is None and self.ctx.last_tx is None:
            return False
        self.say(N_("Done before with this key; nothing was changed now."))
        self.out.write(self.ctx.replayed or "")
        return True

    def __enter__(self) -> Self:
        # The file of -o is claimed first: a change that cannot be reported is not begun.
        if self.options.output:
            self.out.claim()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What was done in part was done, and reported: its output stays.
        done = error is None or isinstance(error, Partial)
        try:
            if "ctx" in self.__dict__:
                self._remarks(done)
        finally:
            if "ctx" in self.__dict__:
                self.ctx.close()
            if "out" in self.__dict__:
                self.out.close(done)

    def _remarks(self, done: bool) -> None:
        ctx = self.ctx
        for note in ctx.notes:
            if not self.options.quiet:
                tell(note)
        if self.options.verbose:
            store = next(setting for setting in self.config.settings() if setting.name == "db")
            self.say(
                N_("Store: {store}. Acting as: {login}."),
                store=store.shown or self.config.store_url,
                login=ctx.actor.acting_as,
            )
        if not done or not self.change:
            return
        if ctx.dry_run:
            self.say(N_("Dry run: nothing was changed."))
            return
        if self.options.key and ctx.replayed is None and "out" in self.__dict__:
            ctx.keep_answer(self.out.kept)
        if ctx.last_tx and self.out.people and ctx.replayed is None:
            self.say(N_("Take it back: crm undo {tx}"), tx=ctx.last_tx)
