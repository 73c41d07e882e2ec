"""Part-of-speech tagging in four languages: Universal Dependencies treebanks, one input per language.

Source: random-weighting paper, Section 5.3: the tagging problem of XTREME in English, Chinese, Telugu and
Vietnamese (release 2.5), one task per language, measured by F1. Deviations, and choices where the paper gives
no details:

* The treebanks are English EWT, Telugu MTG and Vietnamese VTB of release 2.16, and Chinese GSD of release
  1.3. That release has the older annotation scheme, with another name for one tag (CONJ, now CCONJ) and other
  guidelines, so one kind of word may have different tags in different languages; each language has its own
  head. XTREME may join several treebanks of a language: the sizes of the paper's Table 2 agree with ours for
  Telugu and for the training and validation files of Chinese only.
* The paper does not say which F1. Ours counts, as XTREME's scorer does, runs of one tag, not words: two
  adjacent nouns are one run, which is correct if its tag, its first and its last word are. (That scorer also
  ends a run after every tag whose name starts with S; ours does not.)
* The loss of a sentence is the mean over its words, and that of a batch the mean over its sentences.
* Words and characters of the vocabulary come from the training sentences only; the four languages share one
  vocabulary.

The Chinese files are for non-commercial use (CC BY-NC-SA 4.0), the others are CC BY-SA 4.0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mtlcore.data._options import check_options, check_text_options, subset
from mtlcore.data.dataset import Dataset
from mtlcore.data.files import File
from mtlcore.data.formats import wordpieces
from mtlcore.data.formats.conllu import Sentence, read_conllu
from mtlcore.data.formats.lines import decode
from mtlcore.data.formats.vocabulary import PADDING, Vocabulary, cut
from mtlcore.tasks import UNLABELLED, Metrics, MultiTaskData, Split, Task, labelled

LANGUAGES = ("en", "zh", "te", "vi")
"""Languages, in the order of the paper's Table 3."""

PARTS = ("train", "dev", "test")

LONGEST = 512
"""Validation and test sentences are cut to this number of words or word pieces, BERT's largest input."""

_ADDRESS = "https://raw.githubusercontent.com/UniversalDependencies/"


def _files(name: str, release: str, source: str, pins: Sequence[tuple[int, str]]) -> tuple[File, File, File]:
    """Training, validation and test file. In our cache, names of the older release's files contain r1.3."""
    end = ".r1.3.conllu" if release == "r1.3" else ".conllu"
    train, validation, test = (
        File("ud", f"{name}-ud-{part}{end}", f"{_ADDRESS}{source}/{release}/{name}-ud-{part}.conllu", *pin)
        for part, pin in zip(PARTS, pins, strict=True)
    )
    return train, validation, test


FILES: Mapping[str, tuple[File, File, File]] = {
    "en": _files(
        "en_ewt",
        "r2.16",
        "UD_English-EWT",
        (
            (14_203_025, "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b"),
            (1_805_545, "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6"),
            (1_804_515, "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd"),
        ),
    ),
    "zh": _files(
        "zh",
        "r1.3",
        "UD_Chinese-GSD",
        (
            (3_281_947, "94c1ad7f8f7d545169bafbef367852b965ec5eada13d614d8e8b6b9297ee6d0d"),
            (422_074, "574a2c826fc4207530be65b9cd9d8d9611a9749716ab1e3349ec681b93c7a42f"),
            (400_666, "c5fe2733ca4a118725fc06d6a7dbce9952254a4a174f3bd75e13ab4d504e9970"),
        ),
    ),
    "te": _files(
        "te_mtg",
        "r2.16",
        "UD_Telugu-MTG",
        (
            (445_900, "efc8e26e34962c5b46d8a13ad386adf2b9cc7c39b61ef3c8a8e6c37f7e536f6b"),
            (57_977, "81c5bd38ca55625fea9992add2a0588f639fec0ab8d492d4e2192df28f9be1bb"),
            (63_159, "a25cae618253cc36081a3ccb83bf6fea44044c997e49e0b8d5e57f9e266ff9a8"),
        ),
    ),
    "vi": _files(
        "vi_vtb",
        "r2.16",
        "UD_Vietnamese-VTB",
        (
            (946_835, "1df180722db99b724f7368aca50597133bee28606de3394cd8d12a57da89978d"),
            (1_232_268, "0b779257b9225575b3b30e15d64cc4ef9945a77f8cceb9f92d794b483a2752dd"),
            (538_633, "abc1b0ea98661bbb494a8c0da123ba2fe1a3ef71322c380fe66468884d9b4285"),
        ),
    ),
}


def f1(outputs: Tensor, targets: Tensor) -> float:
    """Compute the F1 score of runs of equal tags.

    A run is a maximal sequence of words of one sentence with one tag. Unlabelled entries are removed first.

    Parameters
    ----------
    outputs : Tensor, shape (N, C, L)
        Scores of C tags.
    targets : Tensor, shape (N, L), int64
        Labels; -100 where unlabelled.

    Returns
    -------
    score : float
        F1 of the predicted runs in [0, 1], all tags together (micro-averaged); NaN without a label.
    """
    present = labelled(targets)
    if not present.any():
        return float("nan")
    sentence = present.nonzero()[:, 0]
    true, predicted = (_runs(tags[present], sentence) for tags in (targets, outputs.argmax(1)))
    return 2 * len(true & predicted) / (len(true) + len(predicted))


def _runs(tags: Tensor, sentence: Tensor) -> set[tuple[int, int, int]]:
    """First position, position after the last, and tag of every run.

    ``tags`` (W,) are those of all labelled words in order, ``sentence`` (W,) the sentence of each.
    """
    both = torch.stack([sentence, tags])
    # A run starts at the first word, and wherever the tag or the sentence differs from the word before.
    (firsts,) = torch.cat([tags.new_ones(1), (both[:, 1:] != both[:, :-1]).any(0)]).nonzero(as_tuple=True)
    ends = [*firsts[1:].tolist(), len(tags)]
    return set(zip(firsts.tolist(), ends, tags[firsts].tolist(), strict=True))


def make(
    *,
    sentences: int | None = None,
    validation: int | None = None,
    length: int = 64,
    tokenizer: str | None = None,
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"ud-pos"``.

    Parameters
    ----------
    sentences : int, optional
        Number of training sentences per language, drawn with the seed; by default all.
    validation : int, optional
        Number of validation sentences per language; by default all. The test split always has all.
    length : int, default 64
        Cut training sentences to this number of words (or word pieces); other sentences are cut to 512.
    tokenizer : str, optional
        Name or folder of a pre-trained tokeniser. Inputs are then its word pieces (N, 2, L), as in
        :func:`mtlcore.data.formats.wordpieces.tagged`.
    seed : int, default 0
        Seed of the choice of sentences.

    Returns
    -------
    data : MultiTaskData
        One input per task (language): ids (N, 13, L), int32, per word its own id and those of its first 12
        characters, as in :class:`mtlcore.data.formats.vocabulary.Vocabulary`. Labels (N, L) from 0 to 16, and
        -100 after the end of a sentence. L is the length of the longest sentence of the split.

    Raises
    ------
    ValueError
        If an option is out of range, or a file does not have the pinned content.
    FileNotFoundError
        If a file is not in the cache and cannot be downloaded.
    ImportError
        If ``tokenizer`` is given and ``transformers`` is not installed.

    References
    ----------
    Random-weighting paper, Section 5.3.
    """
    texts = {language: [_sentences(file) for file in FILES[language]] for language in LANGUAGES}
    return _assemble("ud-pos", texts, sentences, validation, length, tokenizer, seed)


def _sentences(file: File) -> list[Sentence]:
    name = str(file.home / file.name)
    return read_conllu(decode(file.read(), name), name)


def make_languages(
    *,
    sentences: int | None = None,
    validation: int | None = None,
    length: int = 64,
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"synthetic-pos"``: random words in four artificial languages.

    The languages have 120, 90, 60 and 30 training sentences, and 40 validation and 40 test sentences each, of
    3 to 9 words. A word is four random letters of its language and a last letter that determines its tag, one
    of six.

    Parameters
    ----------
    sentences : int, optional
        Number of training sentences per language; by default all.
    validation : int, optional
        Number of validation sentences per language; by default all.
    length : int, default 64
        Cut training sentences to this number of words.
    seed : int, default 0
        Seed of the languages, and of the choice of sentences.

    Returns
    -------
    data : MultiTaskData
        As from :func:`make`.

    Raises
    ------
    ValueError
        If an option is out of range.
    """
    check_options(seed=seed)
    texts = {}
    for number, name in enumerate(("one", "two", "three", "four")):
        rng = np.random.default_rng([seed, number])
        letters = rng.permutation(list("abcdefghijklmnopqrstuvwxyz"))
        sizes = (30 * (4 - number), 40, 40)
        texts[name] = [[_random_sentence(rng, letters) for _ in range(size)] for size in sizes]
    return _assemble("synthetic-pos", texts, sentences, validation, length, None, seed)


def _random_sentence(rng: np.random.Generator, letters: np.ndarray) -> Sentence:
    """Words whose last letter, one of the first six of the language's alphabet, determines the tag."""
    tags = rng.integers(0, 6, rng.integers(3, 10)).tolist()
    return [("".join([*rng.choice(letters[6:], 4), letters[tag]]), tag) for tag in tags]


def _assemble(
    name: str,
    texts: Mapping[str, Sequence[list[Sentence]]],
    sentences: int | None,
    validation: int | None,
    length: int,
    tokenizer: str | None,
    seed: int,
) -> MultiTaskData:
    """Encode the training, validation and test sentences of every language."""
    check_text_options(sentences=sentences, validation=validation, length=length, seed=seed)
    train = [subset(parts[0], sentences, seed) for parts in texts.values()]
    held_out = [subset(parts[1], validation, seed) for parts in texts.values()]
    test = [parts[2] for parts in texts.values()]
    read: Callable[[list[Sentence], int], tuple[Tensor, Tensor]]
    if tokenizer is None:
        read = Vocabulary.learn(sentence for part in train for sentence in cut(part, length)).read
    else:
        read = partial(wordpieces.tagged, tokens=wordpieces.tokenizer(tokenizer))

    def split(languages: list[list[Sentence]], longest: int) -> Split:
        inputs, targets = zip(*(read(language, longest) for language in languages), strict=True)
        return Split(_padded(inputs, PADDING), _padded(targets, UNLABELLED))

    metrics = Metrics.whole("f1", f1, higher_is_better=True)
    tasks = tuple(replace(Task.classification(language), metrics=metrics, main="f1") for language in texts)
    return MultiTaskData(name, split(train, length), split(held_out, LONGEST), split(test, LONGEST), tasks)


def _padded(rows: Sequence[Tensor], fill: int) -> tuple[Tensor, ...]:
    """Tensors (..., L_k) padded to the largest L of them."""
    longest = max(x.shape[-1] for x in rows)
    return tuple(F.pad(x, (0, longest - x.shape[-1]), value=fill) for x in rows)


DATASETS = (
    Dataset(
        "ud-pos",
        "parts of speech in English, Chinese, Telugu and Vietnamese",
        make,
        tuple(file for language in LANGUAGES for file in FILES[language]),
    ),
    Dataset("synthetic-pos", "parts of speech in four artificial languages", make_languages),
)
