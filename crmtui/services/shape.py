"""What is known of a noun without opening a store: its declared fields and the one that names a record."""

from crmtui.store.fields import Field
from crmtui.store.record import declared, label_column

__all__ = ["Field", "fields", "label"]


def fields(noun: str) -> list[Field]:
    """The declared fields of `noun` that people may set, by whichever verb; the company's own attributes are not known here."""
    return [field for field in declared(noun) if field.settable]


def label(noun: str) -> str:
    """The name of the field that people call a record of `noun` by; empty where they cannot set it."""
    name = label_column(noun)
    return name if any(field.name == name for field in fields(noun)) else ""
