"""What a nickname may be."""

import pytest

from digits.errors import DigitsError
from digits.ui.nicknames import is_foul, key_of, parse_nickname

NAMES = """Scunthorpe Dick Dickens Cockburn Hancock Penistone Essex Assad Cassie Wang Matsushita Yamashita Harshit Fanny
Gaylord Willy Hoare Peacock Nigeria Cummings Sexton Fukuda Slutsky Анна Хуан José Ümit 李雷 さくら Hassan Titus Shirin
Horesh Sukanya Mongolia Analisa Ada_L R2D2"""
FOUL = ["fuck", "FuCk", "f u c k", "f.u.c.k", "fuuuck", "fuckyou", "phuck", "sh1t", "$hit", "b1tch", "Arschloch"]
FOUL += [
    "Hurensohn",
    "fick dich",
    "putain",
    "nigger",
    "n1gger",
    "cunt",
    "c u n t",
    "Hitler",
    "fսck",
    "fück",
    "xxfuckxx",
]


def test_names_of_people_are_no_foul_words():
    assert [name for name in NAMES.split() if is_foul(name)] == []


def test_foul_words_are_found_through_tricks():
    assert [name for name in FOUL if not is_foul(name)] == []


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("  Ada \n L. ", "Ada L."),
        ("Ａｄａ", "Ada"),  # full width
        ("A\u200bd\u202ea", "Ada"),  # no width, and right to left
        ("😀", "😀"),
        ("<b>x</b>", "<b>x</b>"),  # a text as any other: the page shows texts as texts
        ("x" * 20, "x" * 20),
        ("é" * 20, "é" * 20),
    ],
)
def test_what_was_typed_is_put_in_order(typed, shown):
    assert parse_nickname(typed) == shown


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (None, "not a text"),
        (["Ada"], "not a text"),
        ("x" * 100_000, "not a text"),
        ("x" * 21, "21 characters"),
        (" \u200b ", "no letter"),
        ("\u3164", "no letter"),  # a letter without ink
        ("...", "no letter"),
        ("Z\u0335\u0336\u0337", "too many marks"),
        ("Teacher", "somebody else"),
        ("ТЕАСНЕR", "somebody else"),  # in Cyrillic letters, but for the last
        ("pupil  7", "somebody else"),
        ("Sh1t", "classroom"),
    ],
)
def test_what_is_no_nickname_gets_one_sentence(typed, words):
    with pytest.raises(DigitsError, match=words) as caught:
        parse_nickname(typed)
    assert len(str(caught.value)) < 120


def test_names_that_look_the_same_are_the_same():
    assert key_of("ADA") == key_of("ada") == key_of("аdа")
    assert key_of("Jose") != key_of("José")
