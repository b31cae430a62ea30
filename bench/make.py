"""Files and stores of any size, the same every time."""

import csv
import random
import sqlite3
from pathlib import Path
from typing import Any

HEADER = [
    "company",
    "contact",
    "phone",
    "email",
    "source",
    "city",
    "industry",
    "quoted",
    "next_contact",
    "note",
]
FIELDS = {
    "company": "company",
    "contact_name": "contact",
    "phone": "phone",
    "email": "email",
    "source": "source",
    "city": "city",
    "industry": "industry",
    "quoted": "quoted",
    "next_contact_on": "next_contact",
    "note": "note",
}
_CHINESE = "上海北京深圳杭州华东明远科技实业贸易国际电子信息医疗材料新能源智能制造集团股份有限公司"
_ENGLISH = [
    "acme",
    "globex",
    "initech",
    "umbrella",
    "stark",
    "wayne",
    "hooli",
    "vandelay",
    "soylent",
    "cyber",
    "north",
    "south",
    "blue",
    "delta",
    "nova",
]
_CITIES = ["Shanghai", "北京", "Shenzhen", "Berlin", "Lyon", "杭州", "Austin", "Osaka"]
_SOURCES = ["seminar", "advertisement", "referral", "web", "partner"]
_INDUSTRIES = ["retail", "finance", "power", "medical", "software"]


def leads(path: Path, rows: int, seed: int = 7) -> None:
    """A CSV of leads: about 1 % cannot be taken, and 3 % are there already, written in another way."""
    chance = random.Random(seed)
    earlier: list[tuple[str, str]] = []
    with path.open("w", newline="", encoding="utf-8") as stream:
        write = csv.writer(stream, lineterminator="\n")
        write.writerow(HEADER)
        for number in range(rows):
            if earlier and chance.random() < 0.03:
                company, contact = chance.choice(earlier)
            else:
                word = chance.choice(_ENGLISH), chance.choice(_ENGLISH)
                company = (
                    "".join(chance.choices(_CHINESE, k=8))
                    if number & 1
                    else f"{word[0]} {word[1]} {number} Ltd."
                )
                contact = f"Li {number % 997}"
                if len(earlier) < 50_000:
                    earlier.append((company, contact))
            row = [
                company,
                contact,
                str(13_000_000_000 + chance.randrange(10**9)),
                f"u{number}@ex{number % 500}.com",
                chance.choice(_SOURCES),
                chance.choice(_CITIES),
                chance.choice(_INDUSTRIES),
                f"{chance.random() * 1e5:.2f}",
                f"2026-{1 + chance.randrange(12):02d}-{1 + chance.randrange(28):02d}",
                "met at the fair; call back" if number % 3 else "",
            ]
            if chance.random() < 0.01:
                column, value = chance.choice([(0, "  "), (3, "not-an-email"), (7, "-5"), (8, "2026-13-40")])
                row[column] = value
            write.writerow(row)


def mapping(path: Path) -> None:
    """The mapping file of these leads."""
    lines = ['noun = "lead"', 'key = ["company", "contact_name"]', 'on_match = "skip"', "[columns]"]
    path.write_text(
        "\n".join([*lines, *(f'{field} = "{column}"' for field, column in FIELDS.items())]) + "\n"
    )


def company(database: Any, people: int, departments: int) -> None:
    """Departments as a tree of ten, and people spread over them, entered as one change."""
    with _entered(database, "bench.company") as cursor:
        cursor.executemany(
            "INSERT INTO dept (id, version, name, name_key, parent_id) VALUES (?, 1, ?, ?, ?)",
            [(n, f"D{n}", f"d{n}", None if n == 1 else (n + 8) // 10) for n in range(1, departments + 1)],
        )
        cursor.executemany(
            "INSERT INTO user (id, version, login, name, name_key, dept_id, role_id, active) "
            "VALUES (?, 1, ?, ?, ?, ?, (SELECT id FROM role WHERE code = ?), 1)",
            [
                (
                    100 + n,
                    f"u{n}",
                    f"u{n}",
                    f"u{n}",
                    1 + n % departments,
                    "manager" if n < departments else "rep",
                )
                for n in range(people)
            ],
        )


def opportunities(database: Any, rows: int, people: int, seed: int = 7) -> None:
    """Opportunities of these people, entered as one change."""
    chance = random.Random(seed)
    states = ["open"] * 6 + ["won"] * 3 + ["lost"]

    def made() -> Any:
        for number in range(rows):
            state = chance.choice(states)
            month = 1 + chance.randrange(12)
            day = f"2026-{month:02d}-{1 + chance.randrange(28):02d}"
            closed = None if state == "open" else day
            probability = chance.choice((10, 25, 40, 55, 75, 90))
            amount = chance.randrange(100, 10_000_000)
            yield (
                f"Deal {number}",
                f"deal{number}",
                100 + chance.randrange(people),
                state,
                amount,
                probability,
                day,
                closed,
            )

    with _entered(database, "bench.opportunities") as cursor:
        cursor.executemany(
            "INSERT INTO opp (version, name, name_key, owner_id, process_id, stage, state, amount, currency, probability,"
            " category, expected_close_on, closed_on) VALUES (1, ?, ?, ?, 1, 'proposal', ?, ?, 'USD', ?, 'best', ?, ?)",
            made(),
        )


class _entered:
    """A change that is journalled as one, made with the database's own driver."""

    def __init__(self, database: Any, verb: str) -> None:
        self.database, self.verb = database, verb

    def __enter__(self) -> sqlite3.Cursor:
        cursor: sqlite3.Cursor = self.database.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(
            "INSERT INTO tx (at, login, verb, note) VALUES ('2026-01-01T00:00:00.000000Z', 'bench', ?, '')",
            (self.verb,),
        )
        cursor.execute("UPDATE running SET tx = ?", (cursor.lastrowid,))
        self.cursor = cursor
        return cursor

    def __exit__(self, *_error: object) -> None:
        self.cursor.execute("UPDATE running SET tx = NULL")
        self.cursor.execute("COMMIT")
