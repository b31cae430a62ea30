"""What the tests of faults share."""

import pytest

from tests.commands.conftest import bare, home

__all__ = ["bare", "home"]


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a test that depends on chance is repeated: 10 times, and 150 times with --long."""
    return 150 if request.config.getoption("--long") else 10
