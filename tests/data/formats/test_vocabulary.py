"""Words and characters as numbers."""

from mtlcore.data.formats.vocabulary import UNKNOWN, Vocabulary


def test_a_vocabulary_numbers_what_occurs_twice():
    sentences = [[("Ab", 0), ("ab", 1)], [("ab", 0), ("once", 2)], [("b" * 20, 3), ("z" * 12 + "!!", 4)]]
    vocabulary = Vocabulary.learn(sentences)
    assert vocabulary.words == {"ab": 2}, "lower case, at least twice"
    assert set(vocabulary.characters) == {"a", "b", "z"}, "not A, o, n, c, e, and nothing after twelve"
    assert sorted(vocabulary.characters.values()) == [2, 3, 4]
    ids, labels = vocabulary.read([*sentences, [("ab", 5)] * 3], length=2)
    assert ids.shape == (4, 13, 2) and labels.tolist() == [[0, 1], [0, 2], [3, 4], [5, 5]]
    number = vocabulary.characters
    assert ids[0, :, 0].tolist() == [2, UNKNOWN, number["b"]] + [0] * 10
    assert ids[1, :, 1].tolist() == [UNKNOWN] * 5 + [0] * 8
    assert ids[2, :, 0].tolist() == [UNKNOWN] + [number["b"]] * 12
