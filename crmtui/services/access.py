"""Rights as a new store has them: role × noun × verb × scope, closed by default."""

from crmtui.i18n import N_
from crmtui.services.noun import DULL
from crmtui.services.nouns import NOUNS

ROLES = (
    ("admin", N_("Administrator"), "系统管理员"),
    ("general-manager", N_("General manager"), "总经理"),
    ("director", N_("Sales director"), "销售总监"),
    ("account-director", N_("Account director"), "客户总监"),
    ("manager", N_("Sales manager"), "销售经理"),
    ("dept-manager", N_("Department manager"), "部门经理"),
    ("account-manager", N_("Account manager"), "客户经理"),
    ("relationship-manager", N_("Customer relationship manager"), "客户关系经理"),
    ("rep", N_("Sales rep"), "销售代表"),
    ("inside-rep", N_("Inside rep"), "内部销售"),
    ("marketing", N_("Marketing"), "市场"),
    ("service", N_("Service staff"), "服务人员"),
    ("technician", N_("Technician"), "技术人员"),
    ("operations", N_("Sales operations"), "销售运营"),
)
"""Code, English name, Chinese name; SPC-01, 8TM-73."""

READ = ("list", "show", "export", "history")
SALES = ("lead", "account", "contact", "opp", "quote", "contract", "order", "invoice", "payment")
WORK = ("assign", "task", "approval", "notice", "outbox")
"""What comes of the work of people, each of them seeing their own."""
REFERENCE = (
    "dup",
    "flow",
    "autotask",
    "assignrule",
    "poolrule",
    "product",
    "price",
    "competitor",
    "process",
    "stage",
    "type",
    "attribute",
    "rate",
    "dept",
    "territory",
    "user",
    "role",
)
OWN_WORK = ("add", "edit", "archive", "restore", "import")

_SALES_SCOPE = {
    "admin": "all",
    "operations": "all",
    "general-manager": "all",
    "director": "dept",
    "account-director": "dept",
    "manager": "dept",
    "dept-manager": "dept",
    "account-manager": "team",
    "relationship-manager": "team",
    "rep": "team",
    "inside-rep": "team",
}
"""How far each role reaches on leads, customers, contacts and opportunities, reading and changing alike."""

_READ_ONLY = {"marketing": "all", "service": "all", "technician": "team"}
_EDITS_REFERENCE = {
    "admin": REFERENCE,
    "operations": (
        "product",
        "assignrule",
        "poolrule",
        "price",
        "competitor",
        "type",
        "attribute",
        "rate",
        "territory",
        "process",
        "stage",
        "flow",
        "autotask",
    ),
}
_QUOTA = {
    "admin": ("all", "all"),
    "operations": ("all", "all"),
    "general-manager": ("all", "all"),
    "director": ("dept", "dept"),
    "account-director": ("dept", "dept"),
    "manager": ("dept", "dept"),
    "dept-manager": ("dept", "dept"),
}
"""Role → how far it sees quotas, how far it sets them; others see their own."""

COMPANY_VERBS = {
    "user": ("act_as",),
    "log": ("list", "undo"),
    "product": ("cost",),
    "quote": ("cost",),
    "contract": ("cost",),
    "order": ("cost",),
    "account": ("credit",),
    "payment": ("dun",),
    "notice": ("read",),
    "pool": ("list", "claim", "release", "reclaim", "allocate"),
    "store": ("backup", "restore", "check", "configure"),
}
"""Verbs that stand beside the nouns: acting as another, the journal of everybody, what things cost, the care of the store."""
SEES_COST = (
    "operations",
    "general-manager",
    "director",
    "account-director",
    "manager",
    "dept-manager",
)
"""The roles besides the administrator that are shown costs and margins (SPC-69)."""

RULES_QUOTES = ("operations", "general-manager", "director", "account-director")
"""The roles besides the administrator that decide how quotes begin (8TM-33)."""


def verbs_of(noun: str) -> tuple[str, ...]:
    """Every verb of `noun` that somebody could be allowed, written and derived."""
    declared = NOUNS[noun]
    return tuple(dict.fromkeys((*DULL, *declared.verbs, *declared.written, *COMPANY_VERBS.get(noun, ()))))


def decide(role: str, noun: str, verb: str) -> str:
    """The scope that a new store gives `role` for `verb` on `noun`: none, own, team, dept, territory or all."""
    if role == "admin":
        return "all"
    if verb == "cost":
        return "all" if role in SEES_COST else "none"
    if noun == "pool":
        return _pool(role, verb)
    if noun in COMPANY_VERBS and verb in COMPANY_VERBS[noun] and noun not in (*SALES, *WORK):
        return "own" if (noun, verb) in (("log", "list"), ("log", "undo")) else "none"
    if (noun, verb) == ("quote", "rule"):
        return "all" if role in RULES_QUOTES else "none"
    if (role, noun) == ("marketing", "lead") and verb in ("add", "intake"):
        return "own"  # 8TM-16
    if noun == "dup":
        return _pairs(role, verb)
    if noun in SALES:
        return _sales(role, verb)
    if noun in WORK:
        return _work(role, noun, verb)
    if noun == "quota":
        sees, sets = _QUOTA.get(role, ("own", "none"))
        return sees if verb in (*READ, "tree", "attain") else sets
    if noun == "query":
        return "all" if verb in (*READ, "run") else "own"
    if verb in READ or verb in ("tree", "rights", "last"):
        return "all"
    if noun == "competitor" and role in _SALES_SCOPE and verb in ("add", "edit"):
        return "all"
    return "all" if noun in _EDITS_REFERENCE.get(role, ()) else "none"


def _pairs(role: str, verb: str) -> str:
    """Pairs of suspected duplicates are for those who see both; who leads people, or all, looks through everything."""
    scope = _SALES_SCOPE.get(role, "none")
    if verb in OWN_WORK:
        return "none"  # only the services write these
    if verb in ("scan", "policy"):
        return scope.replace("team", "none") if verb == "scan" else "all" if role == "operations" else "none"
    return scope.replace("team", "own")


def _pool(role: str, verb: str) -> str:
    """Whoever sells sees the pool and claims from it, gives back their own; who leads people takes back and gives out."""
    scope = _SALES_SCOPE.get(role, "none")
    if verb in ("list", "claim"):
        return "none" if scope == "none" else "all"
    return scope.replace("team", "own" if verb == "release" else "none")


def _work(role: str, noun: str, verb: str) -> str:
    """Everybody sets tasks, asks, decides where asked, and is told; who leads people also sees their tasks and requests."""
    scope = _SALES_SCOPE.get(role, "own").replace("team", "own")
    if (noun, verb) == ("task", "add"):
        return "all"
    if noun != "task" and verb in OWN_WORK:
        return "none"  # only the services write these
    if noun == "notice" or verb == "import":
        return "own"
    if noun == "assign" and verb not in (*READ, "explain"):
        return scope.replace("own", "none")
    if noun == "outbox":
        return scope if role == "operations" else "own"
    return scope


LED = ("credit", "refund", "void")
"""What only those do who lead people, or look after the figures."""
_LOOKS = ("org", "bought", "next", "similar", "predict", "stuck")
"""What else leaves customers, leads and opportunities as they are."""
_OWN_ALONE = ("archive", "restore", "import", "team", "reopen", "split", "terminate", "transfer")
"""What those who share a team may do with their own records alone."""


_LEADERS = ("duplicates", "ask", "keep")
"""What only those do who see the work of several people."""


def _sales(role: str, verb: str) -> str:
    if verb == "purge":
        return "none"
    if verb in LED and _SALES_SCOPE.get(role) == "team":
        return "none"
    if role in _SALES_SCOPE:
        scope = _SALES_SCOPE[role]
        if scope == "team" and verb in _LEADERS:
            return "none"
        return "own" if scope == "team" and verb in _OWN_ALONE else scope
    return _READ_ONLY.get(role, "none") if verb in (*READ, *_LOOKS) else "none"


def matrix() -> list[tuple[str, str, str, str]]:
    """Every right of a new store, decided one by one: role, noun, verb, scope."""
    rows = [
        (role, noun, verb, decide(role, noun, verb))
        for role, _, _ in ROLES
        for noun in NOUNS
        for verb in verbs_of(noun)
    ]
    rows += [
        (role, noun, verb, decide(role, noun, verb))
        for role, _, _ in ROLES
        for noun, verbs in COMPANY_VERBS.items()
        if noun not in NOUNS
        for verb in verbs
    ]
    return rows
