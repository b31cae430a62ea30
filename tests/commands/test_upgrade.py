"""An older store at the command line."""

from tests.commands.conftest import Crm
from tests.older import age


def test_at_the_command_line(crm: Crm, sqlite_url: str) -> None:
    age(sqlite_url)
    refused = crm("lead", "list")
    assert refused.code == 3
    assert "crm db upgrade" in refused.err
    planned = crm("db", "upgrade", "--dry-run", "--json")
    assert {"what": "table", "on": "competitor", "names": "competitor"} in planned.json
    assert crm("lead", "list").code == 3
    assert "schema-" in crm("db", "upgrade").err
    assert crm("lead", "list").code == 0
    assert crm("doctor").code == 0
    assert "up to date" in crm("db", "upgrade").err
