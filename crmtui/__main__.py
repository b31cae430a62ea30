"""`crm`, and `python -m crmtui`."""

import sys

from crmtui.commands.edge import main

if __name__ == "__main__":
    sys.exit(main())
