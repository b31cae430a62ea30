"""Enquiries become leads: from mails, from posts of web forms, from JSON; each once, bad ones aside with the reason."""

import json
import mailbox
from email.message import EmailMessage
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmtui.errors import Forbidden
from crmtui.services import intake, intake_places, records
from crmtui.services.context import Context
from crmtui.services.enquiry import from_mail
from tests.people import NOW, acting


def mail(text: str, **headers: str) -> EmailMessage:
    found = EmailMessage()
    said = {
        "From": "Li Lei <li@acme.example>",
        "Subject": "Price of a scanner",
        "Date": "Thu, 19 Nov 2026 10:00:00 +0100",
    }
    for name, value in {**said, **headers}.items():
        found[name.replace("_", "-")] = value
    found.set_content(text)
    return found


def fates(ctx: Context, place: intake_places.Place, **given: object) -> list[tuple[str, str]]:
    return [(one.enquiry.name, one.fate) for one in intake.intake(ctx, place, given)]


def test_a_mailbox_of_enquiries(ctx: Context, tmp_path: Path) -> None:
    """Who wrote, when, about what; `Label: value` lines are fields; a second run takes nothing; the file stays as it is."""
    path = tmp_path / "inbox.mbox"
    box = mailbox.mbox(path)
    box.add(mail("公司：华东精工\n电话：021-5550 0142\n\n我们需要一台扫描仪", Message_ID="<1@acme>"))
    box.add(mail("Do you have it in red?", Message_ID="<2@acme>", From="ann@gmail.com"))
    box.add(mail("I am away", Message_ID="<3@acme>", Auto_Submitted="auto-replied"))
    box.close()
    before = path.read_bytes()
    found = fates(ctx, intake_places.open_place(str(path)), campaign="Fair")
    assert [fate for _, fate in found] == ["taken", "taken", "aside"]
    lead = records.show(ctx, "lead", "L-1")
    assert (lead["company"], lead["contact_name"], lead["email"]) == ("华东精工", "Li Lei", "li@acme.example")
    assert (lead["phone"], lead["interest"], lead["campaign"]) == (
        "021-5550 0142",
        "Price of a scanner",
        "Fair",
    )
    assert lead["received_at"].isoformat() == "2026-11-19T17:00:00+08:00"
    assert "扫描仪" in lead["need"]
    assert records.show(ctx, "lead", "L-2")["company"] == "ann@gmail.com"
    again = fates(ctx, intake_places.open_place(str(path)))
    assert [fate for _, fate in again] == ["known", "known", "aside"]
    assert (records.count_where(ctx, "lead"), path.read_bytes()) == (2, before)


def test_a_drop_folder_of_web_forms(ctx: Context, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each file once; the bad ones aside with the reason; what is still being written, and links, are left alone."""
    folder = tmp_path_factory.mktemp("forms")
    for name, content in {
        "1.json": json.dumps(
            {
                "Company Name": "Acme",
                "First name": "Ann",
                "Last name": "Lee",
                "Colour": "red",
                "price": "12,000",
            }
        ),
        "2.form": "company=Beta+Ltd&email=b%40beta.example&message=Hello%0Athere",
        "3.json": '{"company": ',
        "4.json": json.dumps([{"company": "Gamma"}, {"city": "Jinan"}]),
        "5.json.tmp": '{"company": "Half',
        "6.json": json.dumps({"company": "Bad\ud800half"}),
    }.items():
        (folder / name).write_text(content, encoding="utf-8")
    (folder / "7.json").symlink_to("/etc/hostname")
    found = fates(ctx, intake_places.open_place(str(folder)), source="web")
    assert found == [
        ("1.json", "taken"),
        ("2.form", "taken"),
        ("3.json", "aside"),
        ("4.json:1", "taken"),
        ("4.json:2", "aside"),
        ("6.json", "aside"),
    ]
    acme = records.show(ctx, "lead", "Acme")
    assert (acme["contact_name"], acme["note"], acme["source"]) == ("Ann Lee", "Colour: red", "web")
    assert acme["quoted"].text() == "12000.00"
    assert records.show(ctx, "lead", "Beta Ltd")["need"] == "Hello\nthere"
    assert sorted(one.name for one in (folder / "taken").iterdir()) == ["1.json", "2.form"]
    assert sorted(one.name for one in (folder / "rejected").iterdir()) == [
        f"{number}.json{end}" for number in (3, 4, 6) for end in ("", ".reason.txt")
    ]
    assert "empty" in (folder / "rejected" / "4.json.reason.txt").read_text()
    assert sorted(one.name for one in folder.iterdir()) == ["5.json.tmp", "7.json", "rejected", "taken"]
    assert fates(ctx, intake_places.open_place(str(folder))) == []


def test_what_was_taken_before_a_crash_is_known(ctx: Context, tmp_path: Path) -> None:
    """The leads are stored, the file is not moved: the next run knows it, and moves it."""
    (tmp_path / "1.json").write_text('{"company": "Acme"}')
    place = intake_places.open_place(str(tmp_path))
    intake.intake(ctx, intake_places.Place(place.enquiries, lambda _one, _why: None))
    assert (tmp_path / "1.json").exists()
    assert fates(ctx, intake_places.open_place(str(tmp_path))) == [("1.json", "known")]
    assert (tmp_path / "taken" / "1.json").exists()
    assert records.count_where(ctx, "lead") == 1


def test_a_dry_run_moves_nothing(store_url: str, ctx: Context, tmp_path: Path) -> None:
    (tmp_path / "1.json").write_text('{"company": "Acme"}')
    with Context.open(flags={"db": store_url}, now=NOW, dry_run=True) as trial:
        assert fates(trial, intake_places.open_place(str(tmp_path))) == [("1.json", "taken")]
    assert (tmp_path / "1.json").exists()
    assert records.count_where(ctx, "lead") == 0


def test_a_maildir(ctx: Context, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "mail")
    box.add(mail("Hello"))
    assert [fate for _, fate in fates(ctx, intake_places.open_place(str(tmp_path / "mail")))] == ["taken"]
    assert list((tmp_path / "mail" / "new").iterdir()) == []
    assert len(list((tmp_path / "mail" / "taken").iterdir())) == 1


def test_enquiries_go_to_the_inside_rep_first(store_url: str, tmp_path: Path) -> None:
    """8TM-17: a rule sends web leads to whoever screens them; marketing takes them in, a rep may not read the mailbox."""
    with acting(store_url, "qian", "sun") as (qian, sun):
        with Context.open(flags={"db": store_url}, now=NOW) as admin:
            records.add(admin, "user", {"name": "in", "login": "in", "role": "inside-rep"})
            records.add(
                admin,
                "assignrule",
                {"name": "web", "condition": "source=web", "role": "inside-rep", "confirm": False},
            )
            place = intake_places.from_items("-", [{"company": "Acme", "source": "web"}])
            (one,) = intake.intake(qian, place)
            assert one.lead is not None
            assert records.show(admin, "lead", f"L-{one.lead.id}")["owner"].name == "in"
        with pytest.raises(Forbidden):
            intake.intake(sun, place)


@given(st.binary(max_size=400))
def test_no_mail_is_too_broken_to_be_told_of(content: bytes) -> None:
    """Whatever the bytes: an enquiry or the reason why not, and always the same key."""
    head = b"From: a@b.example\nSubject: =?utf-8?q?x?=\n"
    for one in (content, head + content, head + b"Content-Type: text/html; charset=x-none\n\n" + content):
        assert from_mail("m", one).key == from_mail("m", one).key
