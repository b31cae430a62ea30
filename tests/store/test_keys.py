"""What is plain needs no library, and many keys made at once are those made one by one."""

import re

import email_validator
import phonenumbers
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crmtui.store.keys import PLAIN_EMAIL, PLAIN_MOBILE, phone_key, phone_keys
from crmtui.text import unlike

WORD = st.text(alphabet="aZ09_+-.", min_size=1, max_size=40)
HOST = st.lists(st.text(alphabet="aZ09-", min_size=1, max_size=26), min_size=1, max_size=5).map(".".join)
PHONES = st.lists(
    st.from_regex(PLAIN_MOBILE, fullmatch=True)
    | st.sampled_from(["", "010 6552 9988", "+49 30 123456", "12345", "1\n2", "１３８00138000"])
    | st.text(max_size=12),
    max_size=8,
)


@settings(max_examples=500)
@given(
    st.from_regex(PLAIN_EMAIL, fullmatch=True)
    | st.builds("{}@{}.{}".format, WORD, HOST, st.sampled_from(["cn", "com"]))
)
@example("a" + "b" * 30 + "." + "c" * 30 + "@" + ("d" * 24 + "-" + "e" * 24 + ".") * 3 + "f" * 20)
def test_a_plain_address_is_one_for_the_library_too(text: str) -> None:
    if PLAIN_EMAIL.fullmatch(text):
        email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()
        found = email_validator.validate_email(text, check_deliverability=False)
        assert found.original == text


@settings(max_examples=300)
@given(st.from_regex(PLAIN_MOBILE, fullmatch=True))
def test_a_plain_mobile_number_has_the_key_that_the_library_gives(text: str) -> None:
    number = phonenumbers.parse(text, "CN")
    assert phonenumbers.is_valid_number(number)
    assert phone_key(text, "CN") == phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@given(PHONES, st.sampled_from(["CN", "DE", ""]))
def test_many_numbers_have_the_keys_that_they_have_alone(texts: list[str], region: str) -> None:
    assert phone_keys(texts, region) == [phone_key(text, region) for text in texts]


@given(st.lists(st.sampled_from(["", "1", "12", "x", "1x", "1\n", "\n"]) | st.text(max_size=3)))
def test_what_is_unlike_is_found_in_one_go(texts: list[str]) -> None:
    for pattern in (re.compile("1+"), re.compile("(?:1|x)?")):
        assert unlike(pattern, texts) == [
            place for place, text in enumerate(texts) if not pattern.fullmatch(text)
        ]
