"""The sample of Fannie Mae's loans: which are drawn, from files in any order, and what is refused."""

from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest
from helpers.small_data import loan_row, loan_rows

import mtlcore as mtl
from mtlcore.data.formats.loan_sample import draw, main


def quarter(path: Path, *loans: list[str]) -> Path:
    path.write_text("".join(f"{row}\n" for rows in loans for row in rows))
    return path


def numbers(rows: list[bytes]) -> set[int]:
    return {int(row.split(b"|")[1]) for row in rows}


def test_the_files_order_does_not_matter_and_all_rows_of_a_loan_are_kept(tmp_path: Path) -> None:
    files = [
        quarter(tmp_path / f"{k}.csv", *(loan_rows(loan) for loan in range(k, 100, 4))) for k in range(4)
    ]
    rows = draw(files, 10)
    assert len(numbers(rows)) == 10 and len(rows) == 130
    random.Random(0).shuffle(files)
    assert sorted(draw(files, 10)) == sorted(rows)
    assert numbers(draw(files, 5)) < numbers(rows)


def test_each_loan_is_drawn_as_often(tmp_path: Path) -> None:
    path = quarter(tmp_path / "2000Q1.csv", *([loan_row(loan, "122009")] for loan in range(20_000)))
    drawn = numbers(draw([path], 2_000))
    halves = sum(loan < 10_000 for loan in drawn)
    assert abs(halves - 1_000) < 100  # more than four standard deviations
    assert {loan % 10 for loan in drawn} == {*range(10)}


def test_loans_without_a_row_of_december_and_other_months_are_left_out(tmp_path: Path) -> None:
    late = loan_rows(1)[1:]
    whole = [loan_row(2, "112009"), *loan_rows(2), loan_row(2, "012011")]
    rows = draw([quarter(tmp_path / "2000Q1.csv", late, whole)])
    assert [row.decode() for row in rows] == whole[1:-1]


def test_main_reads_zips_and_writes_what_the_data_set_reads(
    cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ends = [{}, {"late": "03"}, {"months": 3, "end": "01"}]
    text = "\n".join(row for loan in range(30) for row in loan_rows(loan, **ends[loan % 3]))
    with zipfile.ZipFile(tmp_path / "2000Q1.zip", "w") as archive:
        archive.writestr("2000Q1.csv", text)
    main([str(tmp_path / "2000Q1.zip")])
    assert capsys.readouterr().out == f"300 rows written to {cache / 'fannie-mae' / 'loans.csv'}\n"
    assert len(mtl.load("fannie-mae", loans=30, validation=5, test=5).train) == 20


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["no row"], r"line 2 of .*2000Q1\.csv is no row of Fannie Mae's file"),
        (loan_rows(5)[::-1], r"line 3 of .*2000Q1\.csv: the months of loan b'000000000005' are not in order"),
        ([loan_row(5, "122009")] * 2, "line 3 of .* are not in order"),
    ],
)
def test_wrong_rows_are_refused(tmp_path: Path, rows: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw([quarter(tmp_path / "2000Q1.csv", [loan_row(4, "122009")], rows)])
