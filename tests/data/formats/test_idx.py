"""The IDX format, against bytes written by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtlcore.data.formats.idx import read_idx


def test_idx_by_hand() -> None:
    data = b"\0\0\x08\x02" + b"\0\0\0\x02" + b"\0\0\0\x03" + bytes(range(6))
    assert read_idx(data).tolist() == [[0, 1, 2], [3, 4, 5]]


@given(st.data())
def test_idx_refuses_every_cut(data: st.DataObject) -> None:
    whole = b"\0\0\x08\x02" + b"\0\0\0\x04" + b"\0\0\0\x05" + bytes(20)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ValueError, match="IDX"):
        read_idx(whole[:cut])


@pytest.mark.parametrize(
    "data", [b"\0\0\x0d\x01" + bytes(8), b"PNG!" + bytes(8), b"\0\0\x08\x01\0\0\0\x02abc"]
)
def test_idx_refuses_other_formats(data: bytes) -> None:
    with pytest.raises(ValueError, match="IDX"):
        read_idx(data)
