"""Languages of texts."""

from itertools import combinations

import pytest

from mtlcore.data import ud
from mtlcore.data.formats.languages import WORDS, check_language, shares

# Written for this test: sentences as in PAWS-X, with many names.
TEXTS = {
    "en": "Joe Campa was born in Carter County and moved to Arkansas with the family of his mother in 1972.",
    "de": "Joe Campa wurde in Carter County geboren und zog 1972 mit der Familie von Anna nach Arkansas.",
    "es": "Joe Campa nació en el condado de Carter y se trasladó a Arkansas con la familia de Anna en 1972.",
    "fr": "Joe Campa est né dans le comté de Carter et a déménagé en Arkansas avec la famille en 1972.",
    "zh": "Joe Campa出生于Carter County，1972年随母亲的家人搬到了阿肯色州。",
    "ja": "Joe Campaはカーター郡で生まれ、1972年に母の家族とアーカンソー州に移りました。",
    "ko": "Joe Campa는 카터 카운티에서 태어나 1972년 어머니의 가족과 함께 아칸소로 이사했습니다.",
}


@pytest.mark.parametrize("true", TEXTS)
@pytest.mark.parametrize("asked", TEXTS)
def test_a_text_is_in_its_own_language_and_in_no_other(true: str, asked: str) -> None:
    if true == asked:
        check_language(TEXTS[true], asked, "it")
    else:
        with pytest.raises(ValueError, match=f"^it should be in the language '{asked}'.*to be '{true}'$"):
            check_language(TEXTS[true], asked, "it")


@pytest.mark.parametrize("text", ["", "1 2 3", "il cane e il gatto sono nella casa di Anna", "кот и пёс"])
def test_other_texts_are_in_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"^it should be in the language 'de', but it has few words of it"):
        check_language(text, "de", "it")


def test_no_word_is_frequent_in_two_languages() -> None:
    assert all(not first & second for first, second in combinations(WORDS.values(), 2))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_shares_in_real_texts(language: str) -> None:
    file = ud.FILES[language][1]
    if file.state()[0] == "missing":
        pytest.skip(f"needs {file.folder}/{file.name}; set MTLCORE_DATA")
    lines = file.read().decode().split("\n")
    found = shares(" ".join(line.split("\t")[1] for line in lines if line[:1].isdigit()))
    assert found[language] > 0.1
    assert max(share for other, share in found.items() if other != language) < 0.02
