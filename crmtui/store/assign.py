"""Assignment: the rules by which leads find their people, and who was offered which lead, with what came of it."""

from datetime import datetime
from typing import Any, ClassVar

import sqlmodel
from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record
from crmtui.store.types import Json

METHODS = ("first", "round-robin", "least-loaded", "best-win-rate")
STATES = ("recommended", "assigned", "accepted", "declined", "expired", "replaced")


class AssignRule(Record, table=True):
    """Leads that meet `condition` go to one of the people it names, chosen by `method`; rules are asked in order."""

    __tablename__ = "assignrule"
    __table_args__ = (Index("assignrule_external", "external_id", unique=True),)
    NOUN: ClassVar[str] = "assignrule"
    PREFIX: ClassVar[str] = "AR"

    name: str = fields.line(120, required=True)
    position: int = fields.whole(1, 1000, required=True, default=100)
    condition: str | None = fields.line(4000)
    people: list[int] | None = fields.refs("user")
    dept_id: int | None = fields.ref("dept", label=N_("Department"))
    role_id: int | None = fields.ref("role")
    method: str = fields.state(*METHODS, default="first")
    skills: list[str] | None = fields.many("skill")
    by_territory: bool = fields.flag(False, label=N_("Only whose territory it is in"))
    by_industry: bool = fields.flag(False, label=N_("Only who knows the industry"))
    cascade: bool = fields.flag(False, label=N_("Level by level down the departments"))
    confirm: bool = fields.flag(True, label=N_("Somebody confirms it"))
    hours: int | None = fields.whole(1, 8760, label=N_("Hours to accept"))
    active: bool = fields.flag(True)


class Assignment(Record, table=True):
    """One person to whom a lead was recommended or given; `why` are the reasons, as kinds with their facts."""

    __tablename__ = "assign"
    __table_args__ = (
        Index("assign_lead", "lead_id", "id"),
        Index("assign_owner", "owner_id", "state", "id"),
        Index("assign_state", "state", "due_at"),
        Index("assign_rule", "rule_id", "id"),
    )
    NOUN: ClassVar[str] = "assign"
    PREFIX: ClassVar[str] = "AS"
    SCOPE: ClassVar[str] = "owner"
    SERVED: ClassVar[bool] = True

    name: str = fields.line(200, required=True, verb="system", label=N_("What"))
    lead_id: int = fields.ref("lead", required=True, verb="system")
    rule_id: int | None = fields.ref("assignrule", verb="system", label=N_("Rule"))
    rule_version: int | None = fields.whole(1, verb="system")
    state: str = fields.state(*STATES, default="recommended", verb="confirm")
    delegated: bool = fields.flag(False, label=N_("By the account manager"))
    due_at: datetime | None = fields.moment(label=N_("Accept by"))
    decided_at: datetime | None = fields.moment(label=N_("Decided"))
    reason: str | None = fields.text(verb="system")
    why: list[dict[str, Any]] | None = sqlmodel.Field(default=None, sa_type=Json)
