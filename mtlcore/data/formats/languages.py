"""Which of the seven languages of PAWS-X a text is in, judged by its most frequent words or by its script."""

import re

WORDS = {
    "en": frozenset(["the", "of", "and", "was", "is", "by", "with", "for", "from", "that"]),
    "de": frozenset(
        ["der", "die", "das", "und", "ist", "von", "dem", "den", "ein", "eine", "wurde", "mit", "im"]
    ),
    "es": frozenset(["el", "los", "las", "y", "del", "por", "con", "una", "fue", "es", "se", "su"]),
    "fr": frozenset(["le", "les", "et", "est", "dans", "du", "des", "par", "pour", "au", "sur", "il"]),
}
"""Frequent words that no other of these languages has among its own."""

SCRIPTS = {
    "zh": re.compile("[\u4e00-\u9fff]"),
    "ja": re.compile("[\u3040-\u30ff]"),
    "ko": re.compile("[\uac00-\ud7af]"),
}
"""Chinese characters (which are used in Japanese as well), Japanese kana and Korean hangul."""

LEAST = 0.08
"""Least share of a language's own words, or characters, in a text of it; usual are 0.15 to 0.8."""


def shares(text: str) -> dict[str, float]:
    """Compute the share of each language's frequent words among the words, or of its characters.

    Parameters
    ----------
    text : str
        Some sentences.

    Returns
    -------
    shares : dict of str to float
        Seven languages, and numbers in [0, 1].

    Examples
    --------
    >>> from mtlcore.data.formats.languages import shares
    >>> {language: share for language, share in shares("der Hund und die Katze").items() if share}
    {'de': 0.6}
    """
    words = text.lower().split()
    found = {
        language: sum(word in own for word in words) / max(len(words), 1) for language, own in WORDS.items()
    }
    characters = max(sum(map(len, words)), 1)
    return found | {language: len(own.findall(text)) / characters for language, own in SCRIPTS.items()}


def check_language(text: str, language: str, name: str) -> None:
    """Check that a text is in a language.

    Parameters
    ----------
    text : str
        At least some hundred sentences.
    language : {"en", "de", "es", "fr", "zh", "ja", "ko"}
        The language that it should be in.
    name : str
        What an error calls the text.

    Raises
    ------
    ValueError
        If another language has a larger share, or this one a share below :data:`LEAST`.
    """
    found = shares(text)
    nearest = max(found, key=lambda key: found[key])
    if nearest != language or found[language] < LEAST:
        other = f", it seems to be {nearest!r}" if found[nearest] >= LEAST else ""
        raise ValueError(f"{name} should be in the language {language!r}, but it has few words of it{other}")
