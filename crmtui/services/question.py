"""What a question about figures means: whose, of which period, divided by what, as of when."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from crmtui.clock import Period, parse_moment, parse_period
from crmtui.errors import Invalid, about
from crmtui.i18n import N_
from crmtui.services import rate
from crmtui.services.context import Context, Tx
from crmtui.services.rollup import COMPANY, Key
from crmtui.store.world import MissingRate, World

BY = ("dept", "user", "territory", "industry", "product", "process", "month")
METHODS = ("weighted", "commit", "budget")
_OWN_TREE = {"dept": "dept", "user": "user", "territory": "territory"}


@dataclass(frozen=True)
class Ask:
    """A question about figures, as people write it; at most one of the first five is given, none means the company."""

    dept: str = ""
    users: tuple[str, ...] = ()
    territory: str = ""
    industry: str = ""
    product: str = ""
    by: str = ""
    period: str = ""
    depth: int | None = None
    as_of: str = ""
    method: str = "weighted"


@dataclass
class Read:
    """An Ask, read: `keys` are whose figures (several only for people), `by` what they are divided by, if anything."""

    keys: list[Key]
    by: str
    period: Period
    method: str
    depth: int | None
    world: World

    @property
    def scope(self) -> str:
        """Of what kind the records are whose figures are asked for."""
        return self.keys[0][0]

    @property
    def divides_itself(self) -> bool:
        """Whether the answer is the very tree in which those stand whose figures are asked for."""
        trees = {
            "dept": ("company", "dept"),
            "user": ("company", "dept", "user"),
            "territory": ("company", "territory"),
        }
        return self.scope in trees.get(self.by, ())


@contextmanager
def reading(ctx: Context, ask: Ask) -> Iterator[tuple[Tx, Read]]:
    """The question read, within one reading of the store; a missing rate is told to the person.

    Raises Invalid, NotFound, and Refused `rate.missing`.
    """
    with ctx.reading() as tx:
        try:
            yield tx, read(ctx, tx, ask)
        except MissingRate as error:
            raise rate.missing(error.currency, error.day) from error


def read(ctx: Context, tx: Tx, ask: Ask) -> Read:
    """What `ask` means. Raises Invalid for a wrong word, NotFound for a record."""
    keys = _keys(ctx, tx, ask)
    by = ask.by or ("dept" if keys == [COMPANY] else _OWN_TREE.get(keys[0][0], ""))
    _check_word("by", by, ("", *BY))
    _check_word("method", ask.method, METHODS)
    with about("period"):
        period = parse_period(ask.period or "this quarter", ctx.clock.today(), ctx.company.fiscal_start)
    with about("as_of"):
        moment = parse_moment(ask.as_of, ctx.clock) if ask.as_of else None
    if moment is not None and moment > ctx.clock.now():
        raise Invalid("forecast.future", N_("{moment} is still to come."), field="as_of", moment=ask.as_of)
    today = ctx.clock.today() if moment is None else ctx.clock.day_of(moment)
    return Read(keys, by, period, ask.method, ask.depth, World(tx, ctx.company.currency, today, moment))


def _check_word(field: str, word: str, words: tuple[str, ...]) -> None:
    if word not in words:
        raise Invalid(
            "forecast.word",
            N_("{word} is not one of: {words}."),
            field=field,
            word=word,
            words=", ".join(filter(None, words)),
        )


def _keys(ctx: Context, tx: Tx, ask: Ask) -> list[Key]:
    entry = ctx.entry(tx)
    found: list[Key] = [("user", entry.resolve("user", text)) for text in ask.users]
    for scope, text in (("dept", ask.dept), ("territory", ask.territory), ("product", ask.product)):
        found += [(scope, entry.resolve(scope, text))] if text else []
    if ask.industry:
        found.append(("industry", ctx.choose(tx, "industry", ask.industry)))
    if len({scope for scope, _ in found}) > 1:
        raise Invalid(
            "forecast.one_scope",
            N_(
                "Figures are of one department, of people, or of one territory, industry or product at a time."
            ),
            hint=N_("Divide them further with --by."),
        )
    return list(dict.fromkeys(found)) or [COMPANY]
