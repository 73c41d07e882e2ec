"""The column format of the tasks on chunking."""

import pytest

from mtlcore.data.formats.chunks import read_chunks

FOUR = "-DOCSTART- -X- -X- O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\r\n\n\n-DOCSTART- -X- O O\n\n. . O O"


def test_documents_and_the_fourth_column_are_passed_over() -> None:
    assert read_chunks(FOUR, 4) == [[("EU", "NNP", "I-NP"), ("rejects", "VBZ", "I-VP")], [(".", ".", "O")]]
    assert read_chunks("", 3) == []


@pytest.mark.parametrize(
    "bad",
    ["a NN", "a NN B-NP O", "a NN  B-NP", "a  B-NP", " NN B-NP", "a\tNN\tB-NP", "a NN NP", "a NN b-NP", " "],
)
def test_a_line_of_another_format_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="line 2 of a CoNLL text needs 3 columns"):
        read_chunks(f"the DT B-NP\n{bad}\n", 3)
