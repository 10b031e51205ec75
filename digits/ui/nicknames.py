"""Nicknames: what one may be, and which are the same."""

import itertools
import re
import unicodedata

from digits.errors import DigitsError

MOST = 20  # characters
MOST_MARKS = 2  # on one letter: more run over the lines above and below
INVISIBLE = set("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols without ink
RESERVED = re.compile(r"teacher|pupil \d+")

# Letters of other scripts, and digits, that are written for Latin ones: pairs.
PAIRS = "аa вb еe ёe іi кk мm нh оo рp сc тt уy хx ѕs јj ԁd αa βb εe ιi κk νv οo ρp τt υu χx սu օo"
ALIKE = str.maketrans({pair[0]: pair[1] for pair in PAIRS.split()})
LEET = str.maketrans("0134578@$!|€", "oieastbasile")

# Short lists, since the libraries that were tried refuse Dick and Wang and let "fuckyou" pass (LOG.md). Stems are found
# anywhere, so none of them is part of a name; words only by themselves: there are Scunthorpe, Harshit and Cockburn.
STEMS = """fuck phuck fvck nigger nigga faggot bitch whore asshole arsehole dickhead bullshit shithead shitshit
cocksuck blowjob hitler siegheil arschl hurensohn wichser schlampe missgeburt fickdich scheis fotze
putain connard salope encule hijodeputa pendejo mierda stronz vaffancul porcodio kurwa pierdol cyka blyat
pidor"""
WORDS = """cunt cunts shit shitty shits crap fck fuk fuc wtf wank wanker slut sluts slutty tit tits ass arse cock cocks
pussy piss penis vagina dildo porn rape rapist nazi nazis heil huren fick ficken ficker hure nutte nazisau arsch kacke
neger kanake spast mongo retard retarded puta puto merde pute cazzo suka sieg"""


def parse_nickname(text: object) -> str:
    """What a visitor typed, with its spaces in order and without characters that cannot be seen. Raises DigitsError for
    what is no nickname.
    """
    if not isinstance(text, str) or len(text) > 10 * MOST:
        raise DigitsError(f"The nickname is not a text of 1 to {MOST} characters.")
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    name = "".join(char for char in name if unicodedata.category(char)[0] != "C" and char not in INVISIBLE)
    name = " ".join(name.split())
    marks = [unicodedata.category(char)[0] == "M" for char in name]
    if not any(unicodedata.category(char)[0] in "LN" or unicodedata.category(char) == "So" for char in name):
        raise DigitsError("The nickname has no letter; write one that others can read.")
    if len(marks) - sum(marks) > MOST:
        raise DigitsError(f"The nickname has {len(marks) - sum(marks)} characters; choose one of at most {MOST}.")
    if any(all(marks[at : at + MOST_MARKS + 1]) for at in range(len(marks) - MOST_MARKS)):
        raise DigitsError("The nickname has too many marks on one letter; choose a plainer one.")
    if RESERVED.fullmatch(key_of(name)):
        raise DigitsError(f"{name} would be taken for somebody else; choose another nickname.")
    if is_foul(name):
        raise DigitsError("That nickname is not for a classroom; choose another.")
    return name


def key_of(name: str) -> str:
    """The same for names that look the same, whatever their case and their letters' script."""
    return name.casefold().translate(ALIKE)


def is_foul(name: str) -> bool:
    """Whether it has one of a few words that no teacher wants on a board. Spelling tricks are seen through, mostly."""
    letters = unicodedata.normalize("NFKD", key_of(name).translate(LEET))
    letters = "".join(char for char in letters if unicodedata.category(char)[0] != "M")
    words = re.findall(r"[^\W\d_]+", letters)
    if all(len(word) == 1 for word in words):
        words = ["".join(words)]
    return bool(_FOUL.search("".join(words))) or any(_FOUL_WORD.fullmatch(word) for word in words)


def _drawn_out(words: str) -> re.Pattern[str]:
    """Of each word's letters, as many or more: fuuuck."""
    runs = ([(letter, len(list(run))) for letter, run in itertools.groupby(word)] for word in words.split())
    return re.compile("|".join("".join(f"{letter}{{{count},}}" for letter, count in word) for word in runs))


_FOUL, _FOUL_WORD = _drawn_out(STEMS), _drawn_out(WORDS)
