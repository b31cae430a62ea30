"""The line in which one condition is typed: the field, the test, the value, each with what may be meant."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from crmtui.errors import Invalid
from crmtui.i18n import N_, gettext
from crmtui.screens.chips import word
from crmtui.screens.fields import LineField

if TYPE_CHECKING:
    from crmtui.services.conditions import Ask
    from crmtui.services.context import Context
    from crmtui.services.suggest import Offer


class AskLine(Horizontal):
    """The line in which one condition is typed: field, test, value."""

    DEFAULT_CSS = """
    AskLine { height: auto; display: none; margin: 1 0 0 0; }
    AskLine.-shown { display: block; }
    AskLine > Vertical { width: 1fr; height: 1; }
    AskLine > #of-test { width: 20; }
    """

    def __init__(self, noun: str, reading: Callable[..., Any]) -> None:
        super().__init__(id="strip")
        self.noun, self._read = noun, reading
        self.tests: list[Offer] = []
        self.field = LineField(max=200, offering=self._fields, placeholder=gettext(N_("field")), id="field")
        self.test = LineField(max=40, offering=self._tests, placeholder=gettext(N_("test")), id="test")
        self.value = LineField(
            max=3_000, offering=self._values, placeholder=gettext(N_("value")), free=True, id="value"
        )

    def compose(self) -> ComposeResult:
        """Three lines side by side, each in a box of its own, under which its list opens."""
        for name, line in (("field", self.field), ("test", self.test), ("value", self.value)):
            yield Vertical(line, id=f"of-{name}")

    async def _fields(self, typed: str) -> "Sequence[Offer]":
        from crmtui.services import suggest

        found: Sequence[Offer] = await self._read(lambda ctx: suggest.fields(ctx, self.noun, typed))
        return found

    async def _tests(self, typed: str) -> "Sequence[Offer]":
        from crmtui.services import suggest

        await self.learn()
        return suggest.likely(self.tests, typed, 20)

    async def _values(self, typed: str) -> "Sequence[Offer]":
        from crmtui.services import conditions, suggest

        name = self.field.given.strip()
        found: Sequence[Offer] = await self._read(lambda ctx: suggest.values(ctx, self.noun, name, typed))
        if not self.value.members:
            return found
        return [
            suggest.Offer((conditions.source(one.value) or (one.value,))[0], one.shown, one.detail, one.count)
            for one in found
        ]

    async def learn(self) -> None:
        """Which tests the field takes. Raises Invalid where there is no such field."""
        from crmtui.services import conditions, suggest

        name = self.field.given.strip()

        def read(ctx: "Context") -> "tuple[list[tuple[str, bool]], str]":
            fields = suggest.fields(ctx, self.noun, name, 1)
            kind = fields[0].detail if fields and fields[0].value == name else ""
            return conditions.operators(ctx, self.noun, name), kind

        allowed, kind = await self._read(read)
        signs = [conditions.sign(conditions.Ask(name, op, (), negative)) for op, negative in allowed]
        self.tests = [suggest.Offer(sign, word(sign, kind)) for sign in signs]

    def put(self, ask: "Ask | None", kind: str = "") -> None:
        """Show a condition to be changed, or a new one."""
        from crmtui.services import conditions
        from crmtui.services.forms import Held

        self.field.place(ask.name if ask else "")
        sign = conditions.sign(ask) if ask else ""
        self.test.put(Held(word(sign, kind) if sign else "", sign))
        self.value.place(conditions.typed(ask) if ask else "")
        self.value.members = bool(ask and ask.op == "in")

    def sign(self) -> str:
        """The operator that is chosen or typed; the first that the field takes where none is."""
        given = self.test.given.strip()
        for offer in self.tests:
            if given in (offer.value, offer.shown):
                return offer.value
        return self.tests[0].value if not given and self.tests else given

    def ask(self) -> "Ask":
        """The condition as it stands in the line. Raises Invalid, about the field, the test or the value."""
        from crmtui.services import conditions

        name = conditions.check_name(self.field.given.strip())
        sign = self.sign()
        found = conditions.read(f"{name} {sign}" if sign.endswith("empty") else f"{name} {sign} x").parts[0]
        assert isinstance(found, conditions.Ask)
        values = conditions.source(self.value.given, found.op)
        if found.op != "empty" and not values:
            raise Invalid("condition.no_value", N_("There is no value yet."), field="value")
        ask = conditions.Ask(name, found.op, values, found.negated)
        conditions.read(conditions.write(ask))
        return ask
