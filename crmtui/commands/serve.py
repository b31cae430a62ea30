"""`crm serve`: the screens in a browser of this machine."""

import os
import sys
from typing import Annotated

import typer

from crmtui.commands.call import Call
from crmtui.commands.options import whole
from crmtui.commands.verb import command
from crmtui.errors import Invalid, NotReady
from crmtui.i18n import N_

_VARIABLES = {
    "db": "CRM_DB",
    "config": "CRM_CONFIG",
    "login": "CRM_USER",
    "lang": "CRM_LANG",
    "now": "CRM_NOW",
}


@command(
    "serve",
    more=N_(
        "It prints an address for a browser of this machine; who has the address works as you do. "
        "Each page that is opened runs the program once more, until Ctrl+C ends them all."
    ),
    examples=("crm serve", "crm serve --port 0"),
)
def serve(
    call: Call,
    port: Annotated[
        str, typer.Option("--port", metavar="PORT", help=N_("The port; 0 for one that is free"))
    ] = "8000",
) -> None:
    """Show the screens in a browser of this machine."""
    from crmtui.services.context import Context

    number = whole("--port", port)
    if number > 65_535:
        raise Invalid("serve.no_port", N_("There is no port {port}."), field="port", port=number)
    try:
        from crmtui.screens.web import server
    except ImportError as error:
        raise NotReady(
            "serve.extra",
            N_("The screens in a browser need the extra `web`, which is not installed."),
            hint=N_("Install it with: pip install 'crmtui[web]'"),
        ) from error
    with Context.open(flags=call.flags, login=call.options.login, now=call.options.now):
        pass  # a store that is not ready is told here, not to a page
    for option, variable in _VARIABLES.items():
        # Not in the command line of the pages: others on this machine can read those.
        value = getattr(call.options, option)
        if value:
            os.environ[variable] = value
    serving = server.Serving(server.command(), number)
    call.say(N_("Serving until Ctrl+C. Whoever has this address works as you do:"))
    call.text(serving.address + "\n")
    sys.stdout.flush()
    serving.serve()
