"""People who use the program."""

from datetime import date
from typing import ClassVar

from sqlalchemy import Index

from crmtui.i18n import N_
from crmtui.store import fields
from crmtui.store.record import Record


class User(Record, table=True):
    """A person; `login` is the operating-system or database login that they work under."""

    __tablename__ = "user"
    __table_args__ = (
        Index("user_login", "login", unique=True),
        Index("user_dept", "dept_id"),
        Index("user_manager", "manager_id"),
    )
    NOUN: ClassVar[str] = "user"
    PREFIX: ClassVar[str] = "U"

    login: str = fields.line(63, required=True)
    name: str = fields.line(120, required=True)
    email: str | None = fields.email()
    phone: str | None = fields.phone()
    type: str | None = fields.choice("employee")
    dept_id: int | None = fields.ref("dept", label=N_("Department"))
    manager_id: int | None = fields.ref("user", label=N_("Superior"))
    role_id: int | None = fields.ref("role")
    territory_id: int | None = fields.ref("territory")
    industries: list[str] | None = fields.many("industry")
    skills: list[str] | None = fields.many("skill")
    capacity: int | None = fields.whole(0, 100_000)
    away_from: date | None = fields.day()
    away_until: date | None = fields.day()
    delegate_id: int | None = fields.ref("user", label=N_("Stands in while away"))
    active: bool = fields.flag(True)
