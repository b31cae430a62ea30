"""The company's own attributes are asked for once in a unit of work, and anew when one of them changes."""

from typing import Any

from sqlalchemy import event

from crmtui.services import records
from crmtui.services.context import Context


def asked(ctx: Context) -> list[str]:
    """The statements on the attributes from here on."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: Any) -> None:
        if "FROM attribute" in statement:
            found.append(statement)

    event.listen(ctx.store.engine, "before_cursor_execute", note)
    return found


def test_many_records_ask_once(ctx: Context) -> None:
    statements = asked(ctx)
    made, _failed = records.add_many(ctx, "lead", [{"company": f"C{n}"} for n in range(20)])
    assert len(statements) == 1
    assert [row["company"] for row in records.present_all(ctx, "lead", made)] == [f"C{n}" for n in range(20)]
    assert len(statements) == 2


def test_a_new_attribute_is_known_at_once(ctx: Context) -> None:
    def names() -> list[str]:
        return [field.name for field in records.custom_fields(tx, "lead")]

    row = {"noun": "lead", "name": "shoe", "type": "line"}
    with ctx.transaction("attribute.add") as tx:
        assert names() == []
        made = records.insert(ctx, tx, "attribute", row)
        assert names() == ["x.shoe"]
        made.archived_at = tx.now
        tx.session.flush()
        assert names() == []
