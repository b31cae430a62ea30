"""vCards 2.1 to 4.0, as Outlook, Google and telephones write them: one row of contact fields a card."""

import quopri
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from crmtui.i18n import N_
from crmtui.services.encoding import Text, bounded_lines, open_text, rewind
from crmtui.services.source import Source, empty

FIELDS = [
    "name",
    "given_name",
    "family_name",
    "account",
    "title",
    "email",
    "phone",
    "mobile",
    "street",
    "city",
    "region",
    "postcode",
    "country",
    "birth_date",
    "note",
]
_WANTED = {"FN", "N", "ORG", "TITLE", "EMAIL", "TEL", "ADR", "BDAY", "NOTE"}
_HEAD = re.compile(r'(?:[\w-]+\.)?([\w-]+)((?:[^":]|"[^"]*")*):')
_PARAMETER = re.compile(r';((?:[^";]|"[^"]*")*)')
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_PART = re.compile(r"((?:[^\\;]|\\.|\\\Z)*)(?:;|\Z)", re.DOTALL)
_BIRTH_DATE = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:[T ].*)?")


@dataclass
class Property:
    """One line of a card: its name, its types in lower case, and its value, with the escapes still in it."""

    name: str
    types: set[str]
    value: str
    damaged: bool = False

    @property
    def is_card(self) -> bool:
        """Whether what begins or ends here is a card."""
        return self.value.strip().upper() == "VCARD"

    @property
    def text(self) -> str:
        """The value as one text."""
        return _unescaped(self.value)

    @property
    def parts(self) -> list[str]:
        """The value's parts between semicolons."""
        return [_unescaped(part) for part in _PART.findall(self.value)]

    def part(self, number: int) -> str:
        """One part, on one line; '' when there are fewer."""
        parts = self.parts
        return one_line(parts[number], ", ") if number < len(parts) else ""


@dataclass
class _Card:
    line: int
    properties: list[Property] = field(default_factory=list)
    broken: bool = False

    @property
    def usable(self) -> bool:
        """Whether nothing is lost but what is there a second time, unharmed: telephones cut long repeated values."""
        sound = {each.name for each in self.properties if not each.damaged}
        return not self.broken and sound.issuperset(each.name for each in self.properties)


class Cards(Source):
    """The cards of a file; a row's line is where its card begins. A card that cannot be read is a problem."""

    kind = "vcard"

    def __init__(self, file: BinaryIO, total_bytes: int, found: Text, name: str) -> None:
        super().__init__(file, total_bytes, found.name)
        self._text = open_text(file, found)
        if not any(line.strip().upper() == "BEGIN:VCARD" for line in bounded_lines(self._text)):
            raise empty(name)
        rewind(self._text)
        self._set_header(FIELDS, 1)

    def close(self) -> None:
        self._text.close()

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        for card in self._cards():
            if card.usable:
                yield card.line, row_of(card.properties)
            else:
                self.reject(card.line, "import.vcard", N_("This card cannot be read."))

    def _cards(self) -> Iterator[_Card]:
        card, depth, wanted = _Card(0), 0, True
        for line, text in unfolded(bounded_lines(self._text)):
            found = parse(text)
            if found is None:
                card.broken |= wanted  # after a picture or a key it is more of that
                continue
            wanted = found.name in _WANTED
            if found.name == "BEGIN" and found.is_card:
                depth += 1
                card = _Card(line) if depth == 1 else card
            elif found.name == "END" and found.is_card and depth:
                depth -= 1
                if not depth:
                    yield card
            elif depth == 1 and wanted:
                card.properties.append(found)
        if depth:
            card.broken = True
            yield card


def unfolded(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """The logical lines and where each begins: those that go on after a blank or, quoted-printable, after `=`."""
    start, parts, printable = 0, list[str](), False
    for number, line in enumerate(lines, 1):
        line = line.rstrip("\r\n")
        if parts and printable and parts[-1].endswith("="):
            parts.append("\n" + line)
        elif parts and line[:1] in (" ", "\t"):
            parts.append(line[1:])
        else:
            if parts:
                yield start, "".join(parts)
            start, parts = number, [line] if line.strip() else []
            printable = "QUOTED-PRINTABLE" in line.partition(":")[0].upper()
    if parts:
        yield start, "".join(parts)


def parse(text: str) -> Property | None:
    """The property on a logical line; None when there is none, `damaged` when its value cannot be decoded."""
    head = _HEAD.match(text)
    if head is None:
        return None
    types: set[str] = set()
    charset, printable = "utf-8", False
    for parameter in _PARAMETER.findall(head[2]):
        key, equals, value = parameter.partition("=")
        key, value = key.strip().upper(), value.strip().strip('"')
        printable = printable or "QUOTED-PRINTABLE" in (key, value.upper())
        if key == "CHARSET":
            charset = value
        elif key == "TYPE" or not equals:
            types.update((value if equals else key).lower().split(","))
        elif key == "PREF":
            types.add("pref")
    value = text[head.end() :]
    if printable:
        try:
            value = quopri.decodestring(value.encode()).decode(charset)
        except (UnicodeDecodeError, LookupError):
            return Property(head[1].upper(), types, "", damaged=True)
    return Property(head[1].upper(), types, value.replace("\r\n", "\n"))


def row_of(card: list[Property]) -> list[str]:
    """The values of FIELDS; of several addresses and numbers those at work, or preferred, or the first."""
    name = _best(card, "N")
    organisation, address = _best(card, "ORG"), _best(card, "ADR", "work", "pref")
    numbers = [each for each in card if each.name == "TEL" and not each.types & {"fax", "pager"}]
    mobiles = [each for each in numbers if "cell" in each.types]
    others = [each for each in numbers if "cell" not in each.types]
    email = one_line(_best(card, "EMAIL", "pref").text)
    given, family, account = name.part(1), name.part(0), organisation.part(0)
    return [
        one_line(_best(card, "FN").text) or f"{given} {family}".strip() or account or email,
        given,
        family,
        account,
        one_line(_best(card, "TITLE").text),
        email,
        _number(_best(others, "TEL", "work", "pref", "home")),
        _number(_best(mobiles, "TEL", "pref")),
        ", ".join(filter(None, (address.part(0), address.part(1), address.part(2)))),
        *(address.part(number) for number in (3, 4, 5, 6)),
        _birth_date(_best(card, "BDAY").text),
        "\n".join(each.text.strip() for each in card if each.name == "NOTE"),
    ]


def one_line(text: str, joint: str = " ") -> str:
    """`text` without its line breaks and without blanks around it."""
    return joint.join(filter(None, map(str.strip, text.splitlines())))


def _best(card: list[Property], name: str, *types: str) -> Property:
    """The property of that name, of the first of `types` that any has; one without a value when there is none."""
    found = [each for each in card if each.name == name and each.value.strip()]
    rank = {kind: place for place, kind in enumerate(types)}
    best = min(
        found,
        key=lambda each: min((rank.get(kind, len(rank)) for kind in each.types), default=len(rank)),
        default=None,
    )
    return best or Property(name, set(), "")


def _number(telephone: Property) -> str:
    return one_line(telephone.text).removeprefix("tel:")


def _birth_date(text: str) -> str:
    """A full date in ISO 8601; '' for one without a year, which no date can hold."""
    found = _BIRTH_DATE.fullmatch(text.strip())
    return "-".join(found.groups()) if found else "" if text.startswith("--") else one_line(text)


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)
