"""What tells a company or a person from others: names, phones, addresses, dates and domains in comparable form."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crmtui.services.dup_words import (
    ADDRESS_ZH,
    BRACKET_ZH,
    FREE_MAIL,
    LEGAL,
    LEGAL_ZH,
    LEGAL_ZH_INSIDE,
    ORDINALS,
    POINTS,
    PREFIX_ZH,
    SMALL,
    STREETS,
    TYPES,
    WITHIN,
)
from crmtui.store import grams
from crmtui.text import digits, fold

_ORDINAL = re.compile("([0-9]+)(?:st|nd|rd|th)")
_WORDS = re.compile(r"[^\W_]+")
_NUMBER = re.compile("[0-9]+[a-z]?")


@dataclass(frozen=True, slots=True)
class Facts:
    """A record as the engine compares it. Empty texts and sets mean that nothing is known."""

    person: bool = False
    words: tuple[str, ...] = ()
    """The words of the name that tell it from others, in order."""
    core: str = ""
    """These words without blanks: equal cores are the same name."""
    sound: str = ""
    """The core as it sounds in pinyin; the core itself where nothing is Chinese."""
    given: str = ""
    """Of a lead the whole name of its contact."""
    family: str = ""
    number: str = ""
    street: str = ""
    town: str = ""
    postcode: str = ""
    region: str = ""
    phones: frozenset[str] = frozenset()
    mail: str = ""
    domains: frozenset[str] = frozenset()
    tax: str = ""
    birth: str = ""
    account: int = 0
    """The customer that a person works for."""


def words_of(text: str) -> list[str]:
    """The words of a text, folded: width, case, accents of writing and punctuation make no difference."""
    plain = fold(text).replace("'", "").replace("’", "").replace("&", " and ")
    found = _WORDS.findall(plain)
    return found if plain.isascii() else [word for each in found if (word := grams.fold(each))]


def company(name: str) -> tuple[tuple[str, ...], str]:
    """The telling words of a company's name, and the place that a Chinese name begins with or has in brackets."""
    if not name.isascii() and any(map(grams.is_han, name)):
        return _company_zh(name)
    found = words_of(name)
    joined = _initials(found)
    kept = [word for word in joined if word not in LEGAL and word not in SMALL]
    return tuple(kept or joined), ""


def _initials(words: list[str]) -> list[str]:
    """Letters that stand alone one after the other as one word: S.A. and I B M."""
    out: list[str] = []
    alone = False
    for word in words:
        single = len(word) == 1 and word.isalpha()
        if single and alone:
            out[-1] += word
        else:
            out.append(word)
        alone = single
    return out


def _company_zh(name: str) -> tuple[tuple[str, ...], str]:
    place, text = "", fold(name)
    if found := BRACKET_ZH.search(text):
        place, text = found[1], text[: found.start()] + text[found.end() :]
    text = LEGAL_ZH_INSIDE.sub("", grams.fold(text))
    while found := PREFIX_ZH.match(text):
        if len(text) - found.end() < 2:
            break
        place, text = place or found[0].rstrip("省市"), text[found.end() :]
    text = LEGAL_ZH.sub("", text) or text
    return (text,), place


def street_of(text: str) -> tuple[str, str]:
    """House number and street of an address: types, points of the compass and ordinals in one form, no rooms."""
    if not text.isascii() and (chinese := ADDRESS_ZH.search(grams.fold(text))):
        return chinese["number"], chinese["street"][-12:]
    words = words_of(text)
    number = ""
    for place in (*range(min(3, len(words))), len(words) - 1):
        if place >= 0 and _NUMBER.fullmatch(words[place]):
            number, words = words[place], words[:place] + words[place + 1 :]
            break
    kept: list[str] = []
    for word in words:
        if word in WITHIN:
            break
        word = STREETS.get(word, word)
        word = POINTS.get(word, ORDINALS.get(word, word))
        found = _ORDINAL.fullmatch(word)
        kept.append(found[1] if found else word)
        if len(kept) > 1 and kept[-1] in TYPES:
            break
    return number, " ".join(kept)


def phone_of(text: str | None, key: str | None) -> str:
    """What a phone number is compared by: the E.164 form where it is known, else its last seven digits; empty for none."""
    if key:
        return key
    found = digits(text) if text else ""
    return found[-7:] if len(found) >= 7 else ""


def domain_of(text: str | None) -> str:
    """The domain of a company in a mail address or a web address; empty for a free mail service."""
    if not text:
        return ""
    host = fold(text).rpartition("@")[2].partition("://")[2] or fold(text).rpartition("@")[2]
    host = re.split("[/:?# ]", host)[0].removeprefix("www.").strip(".")
    return host if "." in host and host not in FREE_MAIL else ""


def facts_of(noun: str, row: Mapping[str, Any]) -> Facts:
    """The facts of a record of `noun` from its columns; what a noun lacks is left empty. A lead is its company."""
    person = noun == "contact"
    name = str(row.get("company" if noun == "lead" else "name") or "")
    words, place = (tuple(words_of(name)), "") if person else company(name)
    given, family = (
        person_of(row, words) if person else ("".join(words_of(row.get("contact_name") or "")), "")
    )
    words = words or (tuple(part for part in (given, family) if part) if person else ())
    core = "".join(words)
    number, street = street_of(row.get("street") or "")
    domains = {domain_of(row.get("website")), domain_of(row.get("email"))} - {""}
    phones = {phone_of(row.get("phone"), row.get("phone_key")), phone_of(row.get("mobile"), None)} - {""}
    birth = row.get("birth_date")
    return Facts(
        person=person,
        words=words,
        core=core,
        sound=core if core.isascii() else grams.sound(core)[0],
        given=given,
        family=family,
        number=number,
        street=street,
        town="".join(words_of(row.get("city") or place)).removesuffix("市"),
        postcode="".join(words_of(row.get("postcode") or "")),
        region="".join(words_of(row.get("region") or "")),
        phones=frozenset(phones),
        mail=fold(row.get("email") or ""),
        domains=frozenset() if person else frozenset(domains),
        tax="".join(words_of(row.get("tax_number") or "")),
        birth=str(birth) if birth else "",
        account=row.get("account_id") or 0,
    )


def person_of(row: Mapping[str, Any], words: tuple[str, ...]) -> tuple[str, str]:
    """Given and family name; of a name in one field the last word is the family name, of a Chinese one the first letter."""
    given = "".join(words_of(row.get("given_name") or ""))
    family = "".join(words_of(row.get("family_name") or ""))
    if given or family or not words:
        return given, family
    if len(words) > 1:
        return words[0], words[-1]
    only = words[0]
    return (only[1:], only[:1]) if grams.is_han(only[0]) and len(only) < 5 else ("", only)
