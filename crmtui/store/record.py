"""What every table has, and where the tables are."""

from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

import sqlmodel
from sqlalchemy import Index, text
from sqlmodel import SQLModel

from crmtui.store import fields
from crmtui.store.fields import Field
from crmtui.store.types import Whole

TABLES = {
    "user": "crmtui.store.user:User",
    "dept": "crmtui.store.dept:Department",
    "role": "crmtui.store.role:Role",
    "territory": "crmtui.store.territory:Territory",
    "type": "crmtui.store.choice:Choice",
    "attribute": "crmtui.store.attribute:Attribute",
    "rate": "crmtui.store.rate:Rate",
    "product": "crmtui.store.product:Product",
    "competitor": "crmtui.store.competitor:Competitor",
    "process": "crmtui.store.process:Process",
    "stage": "crmtui.store.process:Stage",
    "account": "crmtui.store.account:Account",
    "contact": "crmtui.store.contact:Contact",
    "lead": "crmtui.store.lead:Lead",
    "opp": "crmtui.store.opportunity:Opportunity",
    "price": "crmtui.store.price:Price",
    "quote": "crmtui.store.quote:Quote",
    "contract": "crmtui.store.contract:Contract",
    "order": "crmtui.store.order:Order",
    "invoice": "crmtui.store.invoice:Invoice",
    "payment": "crmtui.store.payment:Payment",
    "assignrule": "crmtui.store.assign:AssignRule",
    "assign": "crmtui.store.assign:Assignment",
    "poolrule": "crmtui.store.pool:PoolRule",
    "dup": "crmtui.store.dup:Pair",
    "quota": "crmtui.store.quota:Quota",
    "query": "crmtui.store.query:SavedQuery",
    "task": "crmtui.store.task:Task",
    "autotask": "crmtui.store.autotask:AutoTask",
    "notice": "crmtui.store.notice:Notice",
    "outbox": "crmtui.store.outbox:Mail",
    "flow": "crmtui.store.flow:Flow",
    "approval": "crmtui.store.approval:Approval",
}
"""The table of each noun. Parents stand before children: the store is made in this order."""

PARTS = {
    "role_right": "crmtui.store.role:Right",
    "transition": "crmtui.store.transition:Transition",
    "opp_member": "crmtui.store.team:Member",
    "opp_split": "crmtui.store.split:Share",
    "opp_step": "crmtui.store.step:Step",
    "process_text": "crmtui.store.process_text:ProcessText",
    "quote_line": "crmtui.store.quote:QuoteLine",
    "quote_counter": "crmtui.store.quote:QuoteCounter",
    "contract_line": "crmtui.store.contract:ContractLine",
    "contract_version": "crmtui.store.contract:ContractVersion",
    "contract_delivery": "crmtui.store.contract:ContractDelivery",
    "contract_milestone": "crmtui.store.contract:Milestone",
    "contract_due": "crmtui.store.contract:Instalment",
    "order_line": "crmtui.store.order:OrderLine",
    "order_delivery": "crmtui.store.order:OrderDelivery",
    "invoice_line": "crmtui.store.invoice:InvoiceLine",
    "setting": "crmtui.store.setting:Setting",
    "outbox_file": "crmtui.store.outbox:File",
    "flow_step": "crmtui.store.flow:Step",
    "approval_vote": "crmtui.store.approval:Vote",
}
"""Journalled tables that are parts of a noun and have no commands of their own."""

SYSTEM = ("id", "version", "created_at", "created_by", "updated_at", "archived_at", "name_key", "x")


class Part(SQLModel):
    """A row that the journal follows: it has an id and a version. A part of a record names it in `PART_OF`."""

    model_config = {"defer_build": True}  # nothing is validated by a table: see `store/values.py`

    PART_OF: ClassVar[tuple[str, str]] = ("", "")
    """The noun that it is a part of, and the column that says of which record."""
    SERVED: ClassVar[bool] = False
    """Entered and changed only by services that ask for the right themselves, whoever acts: a rep who asks for an
    approval writes to a manager."""
    ASIDE: ClassVar[str] = ""
    """Of what only follows from a change: what becomes of it does not stand in the way of taking the change back. It
    goes with it, except the rows of this SQL condition, which stay: what was sent was sent."""

    id: int | None = sqlmodel.Field(default=None, primary_key=True, sa_type=Whole)
    version: int = sqlmodel.Field(default=1, nullable=False, sa_type=Whole)


class Record(Part):
    """What every noun has. `LABEL` names the field that people call a record by; `SCOPE` how its readers are found."""

    NOUN: ClassVar[str]
    PREFIX: ClassVar[str]
    LABEL: ClassVar[str] = "name"
    SCOPE: ClassVar[str] = "open"
    """shared: by everybody where it says so, else by its owner · owner: seen by its owner, team, department, territory · quota: by whom it measures · pair: by who sees both · open: by everybody."""

    external_id: str | None = fields.line(200)
    owner_id: int | None = fields.ref("user", verb="")
    tags: list[str] | None = fields.many("tag")
    note: str | None = fields.text()
    created_at: datetime | None = fields.moment()
    created_by_id: int | None = fields.ref("user", verb="system")
    updated_at: datetime | None = fields.moment()
    archived_at: datetime | None = fields.moment()
    name_key: str | None = fields.line(400, verb="system")
    x: dict[str, Any] | None = fields.attributes()


def unowned(noun: str) -> Index:
    """The index of what nobody owns, by who entered it and therefore sees it; on PostgreSQL of everything.

    To say that it is partial there too would load that dialect, 40 ms, in every command.
    """
    return Index(f"{noun}_unowned", "created_by_id", "id", sqlite_where=text("owner_id IS NULL"))


@cache
def table(noun: str) -> Any:
    """The table class of `noun` (or of a part), loaded when first asked for; KeyError for an unknown noun."""
    module, _, name = (TABLES.get(noun) or PARTS[noun]).partition(":")
    return getattr(import_module(module), name)


@cache
def declared(noun: str) -> tuple[Field, ...]:
    """The fields of `noun` as declared beside their columns, own fields first, then those that every record has."""
    columns = table(noun).__table__.columns
    every = {column.name for column in columns if column.name in Record.model_fields}
    own = [
        fields.named(c.info["field"], c.name) for c in columns if "field" in c.info and c.name not in every
    ]
    common = [fields.named(c.info["field"], c.name) for c in columns if "field" in c.info and c.name in every]
    return tuple(own + common)


def label_column(noun: str) -> str:
    """The column that carries the name of a record of `noun`."""
    return str(table(noun).LABEL)
