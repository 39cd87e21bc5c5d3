"""Is a secret hidden, in whatever form and beside whatever name, and is everything else left as it is?"""

import base64
import json
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clocker_actors.masking import HIDDEN, Masks, is_secret, masked, masked_bytes, masked_text, remember

VALUE = 'x"Kä7/ +weird&value'


@pytest.mark.parametrize("form", [VALUE, json.dumps(VALUE)[1:-1], quote(VALUE, safe=""), base64.b64encode(VALUE.encode()).decode()])
def test_a_value_is_hidden_in_every_form(form: str) -> None:
    remember(VALUE)
    assert masked_text(f"before {form} after") == f"before {HIDDEN} after"
    assert masked_bytes(f"before {form} after".encode()) == f"before {HIDDEN} after".encode()


def test_lines_of_a_key_are_hidden_one_by_one() -> None:
    remember("-----BEGIN KEY-----\nQUJDREVGR0hJSg\nWllYV1ZVVFNSUQ\n-----END KEY-----\n")
    assert masked_text("it said: QUJDREVGR0hJSg") == f"it said: {HIDDEN}"


@given(st.text(min_size=5, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_text_shows_a_value(value: str, before: str, after: str) -> None:
    masks = Masks()
    masks.remember(value)
    shown = masks.text(before + value + after)
    assert value not in shown or value in HIDDEN or HIDDEN in value or HIDDEN[0] in value
    assert masks.text("") == ""


def test_short_values_would_leave_no_text() -> None:
    masks = Masks()
    masks.remember("a")
    assert masks.text("a banana") == "a banana"


@pytest.mark.parametrize(
    "name", ["password", "db.password", "ROOT_PASSWORD", "apiKey", "API_KEY", "AWS_SECRET_ACCESS_KEY", "authToken", "passphrase", "secret"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["password_file", "secretName", "keyboard", "token_count", "secrets", "monkey", "tokenizer", "credential.path", "", "key"]
)
def test_names_that_only_sound_like_it(name: str) -> None:
    assert not is_secret(name)


@dataclass(frozen=True)
class Login:
    user: str
    password: str


def test_fields_are_hidden_by_name_wherever_they_stand() -> None:
    given_ = {
        "env": {"DB_PASSWORD": "abc", "SIZE": 3, "token": 7},
        "logins": [Login("me", "abc")],
        "password": "",
        "secrets": {"db": {"mode": "0400"}},
    }
    assert masked(given_) == {
        "env": {"DB_PASSWORD": HIDDEN, "SIZE": 3, "token": 7},
        "logins": [{"user": "me", "password": HIDDEN}],
        "password": "",
        "secrets": {"db": {"mode": "0400"}},
    }


@pytest.mark.parametrize("reference", ["secret:20:abc:m4:db.password", '$brooklyn:external("shop", "db")'])
def test_references_stay(reference: str) -> None:
    assert masked({"password": reference}) == {"password": reference}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("connect with password=abc&user=me", f"connect with password={HIDDEN}&user=me"),
        ('{"apiKey": "a\\"b", "user": "me"}', f'{{"apiKey": "{HIDDEN}", "user": "me"}}'),
        ("Authorization: Bearer abcdefgh1234", f"Authorization: Bearer {HIDDEN}"),
        ("postgres://me:abc@db:5432/x", f"postgres://me:{HIDDEN}@db:5432/x"),
        ("a door needs a token; set token_file to one", "a door needs a token; set token_file to one"),
        ("http://db:5432/x?a=b", "http://db:5432/x?a=b"),
        ("external.shop.password: others can read this file", "external.shop.password: others can read this file"),
    ],
)
def test_texts_that_name_a_secret(text: str, shown: str) -> None:
    assert masked_text(text) == shown


def test_many_values_are_bounded_and_cost_no_more_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clocker_actors.masking.MOST_VALUES", 500)
    masks = Masks()
    for number in range(1_000):
        masks.remember(f"value-{number:04}-of-a-thousand")
        masks.remember("value-0000-of-a-thousand")  # is opened again and again
    assert len(masks.values()) == 500 and len(masks.forms()) <= 1_000
    content = b"{" + b"x" * 10_000 + b"value-0999-of-a-thousand}"
    assert masks.shows(content) and not masks.shows(content.replace(b"0999", b"0100"))
    assert masks.text("value-0000-of-a-thousand value-0001-of-a-thousand") == f"{HIDDEN} value-0001-of-a-thousand"
    masks.forget()
    assert masks.forms() == () and not masks.shows(content)
