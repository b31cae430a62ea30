"""Everything that can go wrong and be told to a person: a stable code, a sentence, the field, what to do next."""

from collections.abc import Iterator
from contextlib import contextmanager

from crmtui.i18n import gettext


def gap(sentence: str) -> str:
    """What stands between `sentence` and the next: nothing after a Chinese full stop, which brings its own room."""
    return "" if sentence.endswith(("。", "？", "：")) else " "


class CrmError(Exception):
    """An error that a person is told about.

    `code` is stable and dotted ("opp.no_such_step"). `sentence` and `hint` are English templates from the message
    catalogue; `{name}` places are filled from `params`, whose values are data: whoever prints them cleans them.
    `field` names the field of the noun at fault, if one is.
    """

    def __init__(
        self, code: str, sentence: str, *, field: str | None = None, hint: str = "", **params: object
    ) -> None:
        super().__init__(code)
        self.code = code
        self.sentence = sentence
        self.field = field
        self.hint_template = hint
        self.params = params

    @property
    def message(self) -> str:
        """The sentence in the language in use, places filled."""
        return gettext(self.sentence).format_map({"field": self.field, **self.params})

    @property
    def hint(self) -> str:
        """What to do next, in the language in use; empty when there is nothing to say."""
        return (
            gettext(self.hint_template).format_map({"field": self.field, **self.params})
            if self.hint_template
            else ""
        )

    def __str__(self) -> str:
        return (self.message + gap(self.message) + self.hint).rstrip()


class Invalid(CrmError):
    """A value or the usage is wrong."""


class NotReady(CrmError):
    """Cancelled, or the program or its store is not set up, or the store is newer or foreign."""


class Forbidden(CrmError):
    """The actor may not do this, or the operating system refuses the file."""


class NotFound(CrmError):
    """No such record for this person, or several that fit."""


class Refused(CrmError):
    """A rule says no."""


class Conflict(CrmError):
    """Someone else changed the record meanwhile."""


class Partial(CrmError):
    """Done in part: the report says which part was not."""


class Busy(CrmError):
    """The store is locked, full or out of reach, or another run holds the lease."""


@contextmanager
def about(field: str) -> Iterator[None]:
    """Errors of the block that name no field are about this field or option."""
    try:
        yield
    except CrmError as error:
        error.field = error.field or field
        raise
