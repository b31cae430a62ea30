"""The yardstick of P4: csv.reader into executemany, nothing checked; the product's table, indices and pragmas, no journal.

Usage: python -m bench.bare FILE.csv STORE.db
"""

import csv
import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from bench.make import FIELDS, HEADER
from crmtui.store.record import table
from crmtui.store.session import sqlite_module


def main(source: str, store: str) -> None:
    """Make the lead table in `store` and fill it from `source`."""
    lead = table("lead").__table__
    database = sqlite_module().connect(store, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", f"cache_size = {-256 * 1024}"):
        database.execute(f"PRAGMA {pragma}")
    dialect = sqlite.dialect()
    database.execute(str(CreateTable(lead).compile(dialect=dialect)) + " STRICT")
    for index in lead.indexes:
        database.execute(str(CreateIndex(index).compile(dialect=dialect)))
    columns = {column: field for field, column in FIELDS.items()}
    names = [columns[name] for name in HEADER]
    values = ", ".join("?" for _ in range(len(names) + 2))
    insert = f"INSERT INTO lead ({', '.join(names)}, name_key, version, state) VALUES ({values}, 'new')"
    database.execute("BEGIN IMMEDIATE")
    with open(source, newline="", encoding="utf-8") as stream:
        database.executemany(insert, _rows(csv.reader(stream)))
    database.execute("COMMIT")


def _rows(reader: Any) -> Iterator[list[Any]]:
    """The rows as they are, but for what a STRICT table asks: a whole number where the column holds one."""
    next(reader)
    quoted = HEADER.index("quoted")
    for row in reader:
        row[quoted] = int(row[quoted].replace(".", "").replace("-", ""))
        yield [*row, row[0].lower(), 1]


if __name__ == "__main__":
    main(*sys.argv[1:])
