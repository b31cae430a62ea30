"""People for tests: a small company whose members act through contexts of their own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from crmtui.services import records
from crmtui.services.context import Context

NOW = "2026-11-20T09:00:00+08:00"

COMPANY = (
    ("Sales", None),
    ("East", "Sales"),
    ("East-1", "East"),
    ("West", "Sales"),
)
PEOPLE = (
    ("zhou", "general-manager", "Sales"),
    ("chen", "manager", "East"),
    ("li", "rep", "East-1"),
    ("wang", "rep", "East-1"),
    ("zhao", "rep", "West"),
    ("sun", "technician", "West"),
    ("qian", "marketing", "Sales"),
)


def settle_in(ctx: Context) -> None:
    """Make the departments and the people, as the administrator."""
    for name, parent in COMPANY:
        records.add(ctx, "dept", {"name": name, **({"parent": parent} if parent else {})})
    for login, role, dept in PEOPLE:
        records.add(ctx, "user", {"name": login, "login": login, "role": role, "dept": dept})


@contextmanager
def acting(store_url: str, *logins: str) -> Iterator[tuple[Context, ...]]:
    """Contexts of the people named, in a store with the company settled in."""
    with ExitStack() as stack:
        with Context.open(flags={"db": store_url}, now=NOW) as admin:
            settle_in(admin)
        yield tuple(
            stack.enter_context(Context.open(flags={"db": store_url}, now=NOW, login=login))
            for login in logins
        )


class People(ExitStack):
    """The people of a store: whoever acts, at whichever moment, in a context of their own, opened when they first do."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self._open: dict[tuple[str, str], Context] = {}

    def __call__(self, login: str, now: str = NOW) -> Context:
        if (login, now) not in self._open:
            who = None if login == "admin" else login
            context = Context.open(flags={"db": self.url}, now=now, login=who)
            self._open[login, now] = self.enter_context(context)
        return self._open[login, now]

    __getitem__ = __call__
