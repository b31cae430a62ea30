"""crmtui: a sales CRM with two faces, a command line and a terminal screen, over one store."""

__version__ = "0.1.0"
