"""Which columns of a list tell something: a look at the newest records, not at all of them."""

from collections.abc import Sequence

from crmtui.services import records
from crmtui.services.context import Context
from crmtui.services.window import Listing, page

LOOKED_AT = 100
"""So many records, the newest, say whether a column is used."""


def useful(ctx: Context, noun: str, names: Sequence[str], most: int = 2) -> list[str]:
    """Those of the columns `names` that tell something, in their order, then at most `most` used fields of the company's own.

    A field that nobody fills tells nothing, nor does a state or a yes and no that is the same everywhere. Without
    records every column stays. The first column always does. Raises Forbidden.
    """
    fields = {field.name: field for field in records.fields_of(ctx, noun)}
    own = [name for name, field in fields.items() if field.custom and name not in names]
    asked = [name for name in (*names, *own) if name in fields]
    rows = page(ctx, Listing(noun, fields=tuple(asked)), size=LOOKED_AT).rows
    if not rows:
        return [name for name in asked if name not in own]

    def tells(name: str) -> bool:
        values = {str(row[name]) for row in rows if row[name] not in (None, "", [])}
        return len(values) > int(fields[name].kind in ("state", "flag"))

    found = [name for name in asked if name == names[0] or tells(name)]
    of_own = [name for name in found if name in own]
    return [name for name in found if name not in own] + of_own[:most]
