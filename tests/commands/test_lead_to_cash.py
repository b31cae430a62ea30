"""One lead from a web form to the last payment, by seven people, every figure worked out by hand; docs/lead-to-cash.md."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests import documents
from tests.commands.conftest import bare, home, in_process
from tests.transcript import Transcript

__all__ = ["bare", "home"]

OPENING = """# From lead to cash

One enquiry of a web form becomes a customer, an opportunity, a quote, a contract, an order, two invoices and money, until
nothing is owed any more. `tests/commands/test_lead_to_cash.py` types every line below, on SQLite and on PostgreSQL, works out
the figures by hand, and writes this page. Other pages: [a day with crm](guide.md), [every command](commands.md).

Seven people take part, and here one person types for all of them: an administrator may act as somebody else with `--as`. In
a company each has a login of their own and leaves `--as` away. To follow on a store of your own, begin with `crm init --name
Ostwind --currency USD --timezone Asia/Shanghai` in an empty folder; `CRM_NOW` sets the day that a command takes for today."""

COMPANY = (
    "crm dept add Sales",
    'crm user add "Chen Jing" --login chen --role account-director --dept Sales --email chen@ostwind.example',
    "crm dept edit Sales --head chen",
    "crm dept add North --parent Sales",
    'crm user add "Mei Lan" --login mei --role manager --dept North --email mei@ostwind.example',
    "crm dept edit North --head mei",
    'crm user add "Wang Wei" --login wang --role account-manager --dept North --email wang@ostwind.example',
    'crm user add "Li Na" --login li --role rep --dept North --email li@ostwind.example',
    'crm user add "Sun Bo" --login sun --role technician --dept North --email sun@ostwind.example',
    'crm user add "Qian Yu" --login qian --role marketing --dept Sales --email qian@ostwind.example',
    'crm user add "Zhou Min" --login zhou --role operations --dept Sales --email zhou@ostwind.example',
    'crm user add "Zhao Lei" --login zhao --role rep --dept Sales --email zhao@ostwind.example',
    "crm product add Scanner --code SCN-200 --price 2490 --cost 1400 --tax 13",
    'crm product add "Training day" --code TRN-1 --price 799.90 --cost 300 --tax 6',
)

PROCESS = """code = "chain"
name = "Sale to a chain"
moves = "listed"

[[stage]]
code = "talk"
name = "Talk"
probability = 20

[[stage]]
code = "offer"
name = "Offer"
probability = 60
category = "best"

[[move]]
from = "talk"
to = "offer"
guard = "amount >= 10k and solution is not empty"
says = "we offer from 10,000 on, with a solution that the technician knows"
"""

FLOWS = """[[flow]]
code = "large-change"
verb = "opp.adjust"
if = "amount_change > 20"
one_login = true
[[flow.step]]
who = "superior"

[[flow]]
code = "discount"
verb = "quote.submit"
if = "reduction > 15"
one_login = true
[[flow.step]]
who = "role account-director"
"""

FORM = """{"Company": "Northwind Retail Ltd", "Name": "Ann Bolt", "Email": "ann@northwind.example", "Region": "North",
 "Industry": "Retail", "Message": "30 scanners for our new hall, with training"}
"""


@pytest.fixture
def typed(bare: object, home: Path, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Transcript:
    """A session on a new store of each kind, in an empty folder."""
    monkeypatch.setenv("CRM_DB", store_url)
    return Transcript(monkeypatch, OPENING)


def test_lead_to_cash(typed: Transcript, home: Path, request: pytest.FixtureRequest) -> None:
    the_company(typed)
    a_web_form(typed)
    from_lead_to_opportunity(typed)
    the_quote(typed)
    the_mail_to_the_customer(home)
    the_negotiation(typed)
    the_contract(typed)
    the_prepayment_and_the_delivery(typed)
    the_last_payment(typed)
    nothing_is_owed(typed)
    assert in_process("finance", "due").out == ""
    documents.same(request, "lead-to-cash.md", typed.page)
    assert in_process("doctor").code == 0  # balances are what their payments come to, and more


def the_company(typed: Transcript) -> None:
    typed.chapter(
        "The company",
        "2026-11-20",
        "Chen Jing directs the accounts, Mei Lan leads North, Wang Wei manages accounts there, Li Na sells, Sun Bo knows the "
        "technology; Qian Yu is in marketing, Zhou Min looks after the money, and Zhao Lei sells elsewhere.",
    )
    typed.quietly(*COMPANY)
    typed.say("How it sells, who has to agree to what, and which leads go to whom, is data as well.")
    typed.file("chain.toml", PROCESS)
    typed.file("flows.toml", FLOWS)
    typed.say(
        "A change of more than 20 % needs the superior, a quote more than 15 % below list price the account director. "
        "(`one_login` lets one login speak for several people, as here; leave it out, and the login that asked cannot agree.)"
    )
    typed.quietly(
        "crm process apply chain.toml",
        "crm flow apply flows.toml",
        "crm assign rule add --name North --if region=North --to wang",
        "crm dup policy account block",
    )


def a_web_form(typed: Transcript) -> None:
    typed.title("A web form")
    typed.say("The web server puts each post into a folder. One of the two that lie there is broken.")
    typed.file("forms/0001.json", FORM)
    typed.file("forms/0002.json", "half a po\n")
    typed("crm --as qian lead intake --from forms --source web", "L-1", "taken", "aside", code=7)
    assert sorted(path.name for path in Path("forms/rejected").iterdir()) == [
        "0002.json",
        "0002.json.reason.txt",
    ]
    typed.say("Each post is taken once, even if it comes back under another name or from a backup.")
    typed.move("forms/taken/0001.json", "forms/again.json")
    typed("crm --as qian lead intake --from forms --source web", "known")
    typed.say(
        "The rule recommends, the account director confirms (not the rep), the account manager lets a rep work on it, who "
        "accepts. Whoever is given the lead is told."
    )
    typed(
        "crm --as chen assign pending",
        "Northwind Retail Ltd",
        "recommended",
        "Wang Wei",
        "rule North; first in line",
    )
    typed("crm --as li assign confirm 1", code=4)
    typed("crm --as chen assign confirm 1", "assigned", "Wang Wei")
    typed("crm --as wang lead delegate 1 --to li --fields ref,state,owner,manager", "Li Na", "Wang Wei")
    typed("crm --as li lead accept 1 --fields ref,state,owner", "working", "Li Na")


def from_lead_to_opportunity(typed: Transcript) -> None:
    typed.chapter(
        "From lead to opportunity",
        "2026-11-23",
        "Only a qualified lead becomes a customer, a contact and an opportunity. From then on nobody enters the customer twice: "
        "Zhao Lei is told that it exists, not whose it is.",
    )
    typed("crm --as li lead convert 1", "L-1 is not qualified yet", code=6)
    typed('crm --as li lead qualify 1 --note "budget until March" --fields ref,state', "qualified")
    typed(
        'crm --as li lead convert 1 --name "Hall North" --process chain --amount 60k --expected-close-on 2027-01-31 '
        "--fields ref,state,account,contact,opp",
        "converted",
        "Northwind Retail Ltd",
        "Ann Bolt",
        "Hall North",
    )
    typed('crm --as zhao account add "NORTHWIND RETAIL LIMITED"', "Such a record exists already", code=6)
    typed.say("Sun Bo joins the team, and sees the opportunity now. Without a solution it does not move on.")
    typed("crm --as li opp team add 1 sun --role technical", "Sun Bo", "technical")
    typed("crm --as li opp advance 1", "we offer from 10,000 on", code=6)
    typed('crm --as li opp edit 1 --solution "30 scanners, 2.5 days of training" --fields ref,solution')
    # The stage Offer wins in 60 of 100 cases.
    typed("crm --as li opp advance 1 --fields ref,stage,amount,probability", "Offer", "60,000.00", "60")
    typed.say("16,699.75 more is 27.8 % more: the change waits, and nobody agrees to their own.")
    # 30 × 2,490.00 + 2.5 × 799.90 = 74,700.00 + 1,999.75 = 76,699.75; 16,699.75 of 60,000 are 27.8 %.
    typed("crm --as li opp adjust 1 --amount 76699.75 --fields ref,amount", "60,000.00", "AP-1")
    typed("crm --as li approval ok AP-1", "AP-1 is your own request", code=6)
    typed("crm --as mei approval ok AP-1 --fields ref,state", "approved")


def the_quote(typed: Transcript) -> None:
    typed.chapter(
        "The quote",
        "2026-11-24",
        "A line for each product at its list price, 12.5 % off the scanners, 5 % off the whole. That is 16.6 % below list price, "
        "so the account director decides before it can be sent.",
    )
    typed(
        'crm --as li quote make --opp 1 --name "Hall North" --item SCN-200x30 --item TRN-1x2.5 --valid-until 2026-12-20 '
        "--fields ref,state,amount",
        "Q-1",
        "draft",
        "76,699.75",
    )
    # 74,700.00 less 12.5 % (9,337.50) = 65,362.50.
    typed(
        "crm --as li quote line edit 1 1 --discount 12.5 --fields text,quantity,price,discount,net",
        "65,362.50",
    )
    # 65,362.50 + 1,999.75 = 67,362.25; 5 % are 3,368.1125, so 3,368.11; net 63,994.14. Shared by value: 5 % of 65,362.50 are
    # 3,268.125 and of 1,999.75 are 99.9875; the whole is 0.0025 less, so 3,268.1226 and 99.9874, the cent left over to the
    # latter: 3,268.12 and 99.99, which leaves 62,094.38 and 1,899.76. Tax: 13 % of 62,094.38 = 8,072.2694, 6 % of
    # 1,899.76 = 113.9856; 8,072.27 + 113.99 = 8,186.26. Below list: 12,705.61 of 76,699.75 = 16.57 %, rounded up 17.
    typed(
        "crm --as li quote edit 1 --discount 5 --fields list_amount,reduction,amount,tax",
        "76,699.75",
        "17",
        "63,994.14",
        "8,186.26",
    )
    typed("crm --as li quote submit 1 --fields ref,state", "submitted")
    typed("crm --as li quote send 1", "Q-1 is submitted", code=6)
    typed('crm --as chen approval ok AP-2 --note "once" --fields ref,state', "approved")
    typed("crm --as li quote send 1 --fields ref,state,sent_by", "sent", "email")
    typed.say(
        "Mail waits in the outbox until it is sent, as from cron; without a mail server it goes into a folder (Maildir)."
    )
    typed(
        "crm outbox send --fields to,state",
        "wang@ostwind.example",
        "li@ostwind.example",
        "ann@northwind.example",
        "sent",
    )


def the_mail_to_the_customer(home: Path) -> None:
    """63,994.14 + 8,186.26 = 72,180.40."""
    folder = home / ".local" / "share" / "crmtui" / "mail" / "new"
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in folder.iterdir()
    ]
    [mail] = [mail for mail in mails if mail["to"] == "ann@northwind.example"]
    assert isinstance(mail, EmailMessage)
    body = mail.get_body(("plain",))
    assert body is not None
    assert "for 72,180.40 USD in all" in body.get_content()
    assert mail["from"] == "Li Na <li@ostwind.example>"
    [attached] = mail.iter_attachments()
    assert attached.get_filename() in ("Q-1.pdf", "Q-1.txt")
    if attached.get_filename() == "Q-1.txt":
        assert "63,994.14" in attached.get_content()


def the_negotiation(typed: Transcript) -> None:
    typed.chapter(
        "The negotiation",
        "2026-11-30",
        "The customer would rather pay 68,000 for 32 scanners. A new version takes the place of the first; it is 14 % below list "
        "price and needs nobody's approval. What is accepted is not revised.",
    )
    typed(
        'crm --as li quote counter 1 --price 68k --note "for 32 scanners" --fields who,amount',
        "buyer",
        "68,000.00",
    )
    typed(
        "crm --as li quote revise 1 --discount 2 --valid-until 2026-12-31 --fields ref,revision,state",
        "Q-2",
        "2",
    )
    # 32 × 2,490.00 = 79,680.00 less 12.5 % (9,960.00) = 69,720.00; with the training 71,719.75. 2 % are 1,434.395, so
    # 1,434.40; net 70,285.35. Shares of it: 1,394.4049 and 39.9951, so 1,394.40 and 40.00; 68,325.60 and 1,959.75 are left.
    typed("crm --as li quote line edit 2 1 --quantity 32 --fields text,quantity,net", "68,325.60", "1,959.75")
    # 13 % of 68,325.60 = 8,882.328; 6 % of 1,959.75 = 117.585; 8,882.33 + 117.59 = 8,999.92. Below list: 79,680.00 +
    # 1,999.75 = 81,679.75, less 70,285.35 = 11,394.40, which are 13.95 %, rounded up 14.
    typed(
        "crm --as li quote submit 2 --fields state,reduction,amount,tax",
        "approved",
        "14",
        "70,285.35",
        "8,999.92",
    )
    typed("crm --as li quote send 2 --by hand --fields ref,state", "sent")
    typed("crm --as li quote accept 2 --fields ref,state,answered_on", "accepted", "2026-11-30")
    typed("crm --as li quote revise 2", "Q-2 is accepted", code=6)
    typed('crm --as li quote deal 2 --summary "delivery within three weeks" --fields ref,state', "deal")
    typed("crm --as li opp show 1 --fields ref,state,amount", "won", "70,285.35")


def the_contract(typed: Transcript) -> None:
    typed.chapter(
        "Contract and order",
        "2026-12-04",
        "The contract takes over the lines of the quote, the order those of the contract. 40 % are due before Christmas.",
    )
    # 70,285.35 + 8,999.92 = 79,285.27.
    typed(
        "crm --as li contract from-quote 2 --fields ref,state,amount,tax,outstanding",
        "K-1",
        "70,285.35",
        "8,999.92",
        "79,285.27",
    )
    typed("crm --as li contract sign 1 --fields ref,state,signed_on", "signed", "2026-12-04")
    # 40 % of 79,285.27 = 31,714.108; 60 % = 47,571.162.
    typed(
        "crm --as zhou payment plan 1 --due 2026-12-20=40% --due 2027-01-31=60%",
        "Outstanding",
        "31,714.11",
        "47,571.16",
    )
    typed(
        "crm --as li contract order 1 --fields ref,state,amount,tax,outstanding",
        "S-1",
        "accepted",
        "79,285.27",
    )


def the_prepayment_and_the_delivery(typed: Transcript) -> None:
    typed.chapter(
        "Prepayment and delivery",
        "2026-12-14",
        "The first invoice is over 40 %. 20 of the 32 scanners go out; how far the contract is carried out follows by itself.",
    )
    # 40 % of 70,285.35 = 28,114.14, of 8,999.92 = 3,599.968; 28,114.14 + 3,599.97 = 31,714.11.
    typed(
        "crm --as zhou invoice make --order 1 --percent 40 --issue --due 2026-12-20 --fields ref,amount,tax,outstanding",
        "IV-1",
        "28,114.14",
        "3,599.97",
        "31,714.11",
    )
    typed("crm --as zhou payment in IV-1 31714.11 --advance --fields ref,kind,amount", "advance", "31,714.11")
    typed("crm --as li order advance 1 --fields ref,state", "planned")
    typed("crm --as li order advance 1 --fields ref,state", "executing")
    typed("crm --as li order deliver 1 SCN-200x40", "Only 32 of Scanner", code=6)
    # 20 of 32 scanners: 68,325.60 × 20 / 32 = 42,703.50, which is 60.76 % of 70,285.35; 60 whole percent are reached.
    typed("crm --as li order deliver 1 SCN-200x20 --fields ref,progress,delivered", "60", "42,703.50")
    # 79,285.27 − 31,714.11 = 47,571.16.
    typed(
        "crm --as li contract show 1 --fields ref,state,progress,paid,outstanding",
        "executing",
        "60",
        "31,714.11",
        "47,571.16",
    )


def the_last_payment(typed: Transcript) -> None:
    typed.chapter(
        "The last payment",
        "2027-01-18",
        "The rest is delivered and billed. One cent too much is refused. Then a scanner comes back.",
    )
    typed("crm --as li order deliver 1 --fields ref,progress,delivered", "100", "70,285.35")
    # What is left: 70,285.35 − 28,114.14 = 42,171.21, and 8,999.92 − 3,599.97 = 5,399.95; 47,571.16.
    typed(
        "crm --as zhou invoice make --order 1 --issue --due 2027-01-31 --fields ref,amount,tax,outstanding",
        "IV-2",
        "42,171.21",
        "5,399.95",
        "47,571.16",
    )
    typed("crm --as zhou payment in IV-2 47571.17", "Only 47571.16 USD of IV-2 are outstanding", code=6)
    typed("crm --as zhou payment in IV-2 47571.16 --fields ref,kind,amount", "receipt", "47,571.16")
    # One of 32: 68,325.60 / 32 = 2,135.175 and its tax 8,882.33 / 32 = 277.5728; 2,135.18 + 277.57 = 2,412.75.
    typed(
        'crm --as li order return 1 --line SCN-200 --qty 1 --note "scratched" --fields ref,returned',
        "2,412.75",
    )


def nothing_is_owed(typed: Transcript) -> None:
    typed.chapter(
        "Nothing is owed",
        "2027-01-25",
        "Not everybody may give money back. With the refund nothing is owed on either side, and the contract is carried out.",
    )
    typed("crm --as li payment refund S-1 2412.75", code=4)
    typed("crm --as zhou payment refund S-1 2412.75 --fields ref,kind,amount", "refund", "2,412.75")
    typed("crm --as li order advance 1 --fields ref,state,outstanding", "completed", "0.00")
    typed("crm --as li contract complete 1 --fields ref,state,outstanding", "completed", "0.00")
    typed.say(
        "The account of the customer, what was earned on the order, and the whole way from the web form on:"
    )
    # 79,285.27 − 31,714.11 = 47,571.16; − 47,571.16 = 0; − 2,412.75; + 2,412.75 = 0.
    typed("crm --as zhou finance account 1", "79,285.27", "47,571.16", "-2,412.75", "0.00")
    account = in_process("finance", "account", "1", "--json").json
    assert [row["on"] for row in account if row["kind"] == "return"] == ["2027-01-18"]
    # Sold 70,285.35 − 2,135.18 = 68,150.17. Cost: 31 × 1,400.00 + 2.5 × 300.00 = 43,400.00 + 750.00 = 44,150.00.
    # 68,150.17 − 44,150.00 = 24,000.17, which are 35.22 %.
    typed("crm --as zhou report margin", "68,150.17", "44,150.00", "24,000.17", "35.2")
    typed(
        "crm --as zhou report trace --lead 1",
        "L-1",
        "O-1",
        "Q-1",
        "Q-2",
        "K-1",
        "S-1",
        "IV-1",
        "IV-2",
        "P-1",
        "P-2",
        "P-3",
    )
