"""Search and match keys that are kept beside what people typed."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from crmtui.i18n import N_, gettext
from crmtui.text import name_key, unlike

PLAIN_EMAIL = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9_+-]{0,30}(?:\.[A-Za-z0-9_+-]{1,30})?"
    r"@(?:[A-Za-z0-9]{1,24}(?:-[A-Za-z0-9]{1,24})?\.){1,3}[A-Za-z]{2,20}"
)
"""Addresses so plain that email-validator takes each of them unchanged; a property test holds the two together."""

PLAIN_MOBILE = re.compile(r"(?:\+?86)?1(?:3[0-9]|5[0-35-9]|7[235-8]|8[0-9]|9[0-35-9])[0-9]{8}")
"""Chinese mobile numbers so plain that their E.164 form needs no library."""


def search_keys(model: Any, row: Mapping[str, Any], region: str) -> dict[str, str | None]:
    """The search keys, by column, that follow from the columns in `row` of a record of `model`; `region` as in `phone_key`."""
    found: dict[str, str | None] = {}
    if model.LABEL in row:
        name = row[model.LABEL]
        found["name_key"] = name_key(str(name)) if name else None
    if "phone" in row and hasattr(model, "phone_key"):
        found["phone_key"] = phone_key(row["phone"], region) or phone_key(row.get("mobile"), region)
    return found


def phone_key(text: str | None, region: str) -> str | None:
    """The E.164 form of a number typed in `region` (ISO 3166 letters, may be empty); None where it is no valid number."""
    if not text:
        return None
    if region == "CN" and text.startswith(("+86", "86", "1")) and PLAIN_MOBILE.fullmatch(text):
        return "+86" + text[-11:]
    if not region and "+" not in text and "＋" not in text:
        return None  # neither the number nor the company says in which country it is
    return _by_library(text, region)


def phone_keys(texts: Sequence[str], region: str) -> list[str | None]:
    """The `phone_key` of each of `texts`."""
    if region != "CN":
        return [phone_key(text, region) for text in texts]
    keys: list[str | None] = ["+86" + text[-11:] for text in texts]
    for place in unlike(PLAIN_MOBILE, texts):
        keys[place] = phone_key(texts[place], region)
    return keys


@lru_cache(maxsize=4096)
def _by_library(text: str, region: str) -> str | None:
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def email_problem(text: str) -> str | None:
    """Why `text` is no mail address, in the library's words; None when it is one. The usual reasons are translated."""
    if PLAIN_EMAIL.fullmatch(text):
        return None
    import email_validator

    email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
    try:
        email_validator.validate_email(text, check_deliverability=False)
    except email_validator.EmailNotValidError as error:
        return gettext(str(error))
    return None


USUAL = (
    N_("An email address must have an @-sign."),
    N_("There must be something before the @-sign."),
    N_("There must be something after the @-sign."),
    N_("An email address cannot have two periods in a row."),
    N_("The part after the @-sign is not valid. It should have a period."),
)
"""What the library says most often, for the catalogue."""
