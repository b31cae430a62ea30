"""What a noun is: the declaration from which its plain commands, lists, forms, import and export come."""

from dataclasses import dataclass, field

DULL = ("list", "show", "add", "edit", "archive", "restore", "import", "export", "history")
"""The verbs that every noun has without anybody writing them."""


@dataclass(frozen=True)
class Noun:
    """A kind of record, declared once. Knows no table: its fields stand beside their columns in the store.

    `verbs` are the derived ones. `written` are the hand-written ones: verb → (module of crmtui.commands, one-line help).
    `columns` are the fields of its list, most important first; `search` those that `crm search` looks into;
    `key` the fields by which an import recognises a record.
    """

    name: str
    prefix: str
    title: str
    help: str
    columns: tuple[str, ...]
    search: tuple[str, ...] = ()
    key: tuple[str, ...] = ("external_id",)
    verbs: tuple[str, ...] = DULL
    written: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a declaration that derives a verb it also writes."""
        twice = set(self.verbs) & set(self.written)
        if twice:
            raise ValueError(f"{self.name}: {sorted(twice)} are both derived and written")
