"""`crm quota` and `crm forecast`, as typed."""

import pytest

from tests.commands.conftest import Crm


@pytest.fixture
def company(crm: Crm) -> Crm:
    for words in (
        ("dept", "add", "Sales"),
        ("dept", "add", "East", "--parent", "Sales"),
        ("user", "add", "Li Lei", "--login", "li", "--role", "rep", "--dept", "East"),
        ("account", "add", "Acme"),
        ("quota", "set", "--user", "li", "--period", "2026Q4", "1M"),
    ):
        assert crm(*words).code == 0
    for amount, probability in (("300k", "50"), ("100k", "25")):
        made = crm(
            "opp",
            "add",
            "Deal",
            "--account",
            "Acme",
            "--owner",
            "li",
            "--amount",
            amount,
            "--probability",
            probability,
            "--expected-close-on",
            "2026-12-01",
            "--json",
        )
        assert made.code == 0, made.err
    return crm


def test_the_tree_with_its_figures(company: Crm) -> None:
    rows = company("forecast", "--json").json
    assert [(row["path"], row["depth"], row["of"]) for row in rows] == [
        ("Test", 0, "Test"),
        ("Sales", 1, {"ref": "D-1", "name": "Sales"}),
        ("Sales / East", 2, {"ref": "D-2", "name": "East"}),
    ]
    assert {
        name: rows[0][name]
        for name in ("quota", "won", "budget", "weighted", "forecast", "gap", "attainment", "coverage")
    } == {
        "quota": "1000000.00",
        "won": "0.00",
        "budget": "400000.00",
        "weighted": "175000.00",
        "forecast": "175000.00",
        "gap": "825000.00",
        "attainment": 0,
        "coverage": 17.5,
    }
    assert (rows[0]["open"], rows[0]["components"], rows[0]["period"], rows[0]["currency"]) == (
        2,
        2,
        "2026Q4",
        "USD",
    )
    assert company("forecast", "--depth", "0", "--fields", "path,forecast").out == "Test\t175000.00\n"


def test_options_of_forecast_are_defaults_of_its_verbs(company: Crm) -> None:
    for words in (("forecast", "--dept", "East", "drill"), ("forecast", "drill", "--dept", "East")):
        rows = company(*words, "--json").json
        assert [(row["kind"], row["ref"], row["counted"], row["why"]) for row in rows] == [
            ("opp", "O-1", "150000.00", "50 %"),
            ("opp", "O-2", "25000.00", "25 %"),
        ]


def test_the_gap_in_json_and_as_rows(company: Crm) -> None:
    found = company("forecast", "gap", "--user", "li", "--json").json
    assert (found["gap"], [row["covers"] for row in found["opportunities"]]) == (
        "825000.00",
        ["150000.00", "225000.00"],
    )
    assert company("forecast", "gap", "--fields", "ref,remainder").lines == [
        "O-1\t150000.00",
        "O-2\t75000.00",
    ]


def test_quotas(company: Crm) -> None:
    made = company("quota", "set", "--dept", "East", "--period", "2027", "2.4M", "--json").json
    assert (made["of"], made["period"], made["amount"]) == (
        {"ref": "D-2", "name": "East"},
        "2027",
        "2400000.00",
    )
    listed = company("quota", "tree", "--dept", "Sales", "--period", "2027", "--fields", "path,quota,set")
    assert listed.lines == [
        "Sales\t2400000.00\t",
        "Sales / East\t2400000.00\t2400000.00",
        "Sales / East / Li Lei\t\t",
    ]
    rows = company("quota", "attain", "--user", "li", "--vs", "last-year", "--json").json
    assert [(row["quota"], row["actual"], row["to_go"], row["growth"]) for row in rows] == [
        ("1000000.00", "0.00", "1000000.00", None)
    ]


def test_wrong_words_end_with_2_and_unknown_names_with_5(company: Crm) -> None:
    for words, code in (
        (("forecast", "--by", "colour"), 2),
        (("forecast", "--depth", "x"), 2),
        (("forecast", "--period", "soon"), 2),
        (("forecast", "--dept", "Nowhere"), 5),
        (("quota", "set", "--period", "2027", "5"), 2),
        (("quota", "set", "--user", "li", "5"), 2),
        (("quota", "attain", "--vs", "yesterday"), 2),
    ):
        assert company(*words).code == code, words
