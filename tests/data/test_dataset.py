"""What the book says of each data set's checks: for each there is a damaged file that is refused."""

import shutil
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.files import array_file, check_spoilt, photograph, put, zip_up
from helpers.small_data import ATTRIBUTES, KINDS, SMALL_MAPS, numbered, pcba, write_domains, write_streets

from mtlcore.data import DATASETS, load, mimic3, office, pawsx
from mtlcore.data.dataset import NOT_CHECKED
from mtlcore.data.files import File
from mtlcore.data.molecules import PCBA
from mtlcore.tasks import MultiTaskData

Change = Callable[[Path], object]
Damage = tuple[str, str, Change, str]
"""What is checked, the file in the cache, the damage, and words of the answer."""


def swapped(old: str, new: str, times: int = 1) -> Change:
    """Replace a text in a file."""

    def change(path: Path) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, times))

    return change


def lines(change: Callable[[list[str]], list[str]]) -> Change:
    return lambda path: path.write_text("\n".join(change(path.read_text().split("\n"))))


def array(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda path: put(path, array_file(change(np.load(path))))


def every(change: Change) -> Change:
    """The same damage to each file of a folder."""
    return lambda folder: [change(path) for path in folder.iterdir()]


def exchange(other: str) -> Change:
    """Exchange a file with another one of its folder."""

    def change(path: Path) -> None:
        first, second = path.read_bytes(), path.with_name(other).read_bytes()
        path.write_bytes(second)
        path.with_name(other).write_bytes(first)

    return change


def latin(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\xe9\n")


def long(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(2**26)


FRENCH = ["1\tle chien\tle chien et le chat\t1", "2\tle chien\tdans le sac\t0", "3\tle chien\tle chien\t1"]
DE, ES = "x-final/de/dev_2k.tsv", "x-final/es/dev_2k.tsv"
PAIRS: list[Damage] = [
    ("Size", DE, long, "more than 4,194,304 bytes"),
    ("Encoding", DE, latin, "line 5 of .* is no UTF-8 text"),
    (
        "Columns",
        DE,
        swapped("sentence1", "sentence"),
        "its columns should be id, sentence1, sentence2, label",
    ),
    ("Columns", DE, swapped("\t0", ""), "line 3 of .* needs four columns"),
    ("Rows", DE, lines(lambda rows: rows[:-2]), "it has 2 pairs, but the official one 3"),
    ("Labels", DE, swapped("\t0", "\tno"), "line 3 of .* needs four columns, the last 0 or 1"),
    ("Labels", DE, swapped("\t0", "\t1"), "does not have both labels, 0 and 1"),
    ("Empty sentences", DE, swapped("ein Hund rennt mit dem Hund", " "), "1 of its 3 pairs lack a sentence"),
    ("Long sentences", DE, swapped("ein", "a" * 5001), "line 2 of .* has a sentence of more than 5,000"),
    ("Duplicates", DE, lines(lambda rows: [*rows[:3], rows[1]]), "line 4 of .* the same pair as line 2"),
    ("Language", DE, lines(lambda rows: [rows[0], *FRENCH]), "in the language 'de', .* seems to be 'fr'$"),
    ("Language", DE, lines(lambda rows: [rows[0], *numbered("zh", 3)]), "'de', .* seems to be 'zh'$"),
    ("Language", ES, lines(lambda rows: [rows[0], *numbered("de", 3)]), "'es', .* seems to be 'de'$"),
    ("Language", DE, lines(lambda rows: [rows[0], "1\t1\t2\t1", "2\t3\t4\t0", "3\t5\t6\t1"]), "words of it$"),
    (NOT_CHECKED, DE, exchange("test_2k.tsv"), ""),
]

WORDS = "eng.testa"
NEWS: list[Damage] = [
    ("Size", WORDS, long, "more than 8,388,608 bytes"),
    ("Encoding", WORDS, latin, "line 8 of .* is no UTF-8 text"),
    ("Columns", WORDS, swapped(" I-ORG", ""), "line 3 of .* needs 4 columns"),
    ("Columns", WORDS, swapped("EU NNP", "EU  NNP"), "line 3 of .* set apart by one space"),
    ("Tags", WORDS, swapped("I-VP", "VP"), "line 4 of .* the third a chunk tag"),
    ("Words", WORDS, lines(lambda rows: rows[:-2]), "holds 3 words, but the official one 4"),
    (NOT_CHECKED, WORDS, swapped("I-VP", "B-NP"), ""),
]

TABLE = "pcba.csv"
MOLECULES: list[Damage] = [
    ("Unpacked size", TABLE, long, "it has more than 100,000 bytes"),
    ("Encoding", TABLE, latin, "line 32 of it is no UTF-8 text"),
    ("Columns", TABLE, swapped("PCBA-3,", "MUV-3,"), "it has the columns"),
    ("Columns", TABLE, swapped("PCBA-3,", "PCBA-4,"), "no column twice"),
    ("Columns", TABLE, swapped(",CID4", "CID4"), "line 6 of it has 129 fields for 130 columns"),
    ("Lines", TABLE, swapped("CID4", "C" * 70_000), "line 6 of it has more than 65,536 characters"),
    ("Lines", TABLE, swapped("CID4", '"'), "line 6 of it has a carriage return or a quotation mark"),
    ("Rows", TABLE, lines(lambda rows: rows[:20]), "25 to 31 molecules, but .* and 19 rows"),
    ("Labels", TABLE, lines(lambda rows: [rows[0], "2" + rows[1][1:], *rows[2:]]), "line 2 of .* a label"),
    ("Labels", TABLE, lines(lambda rows: [rows[0], "x" + rows[1][1:], *rows[2:]]), "line 2 of .* a label"),
    (
        "Both labels",
        TABLE,
        lines(lambda rows: [rows[0], *("1" + row[1:] for row in rows[1:] if row)]),
        "does not have both labels, 0 and 1, in the column 'PCBA-0'",
    ),
    ("SMILES", TABLE, swapped("CCCCCO", "C" * 6000), "line 6 of .* a SMILES of more than 5,000"),
    ("SMILES", TABLE, swapped("CCCCCO\n", "17\n"), "line 6 of .* a SMILES without a letter: '17'"),
    ("SMILES", TABLE, swapped("CCC", "C=word", 99), "RDKit cannot read 23 of 30 molecules"),
    ("Duplicates", TABLE, lines(lambda rows: [*rows[:-1], rows[4]]), "line 32 of .* the second time: 'CID3'"),
    (NOT_CHECKED, TABLE, lines(lambda rows: rows[:28]), ""),
]

SIGNS, PARTS = "list_attr_celeba.txt", "list_eval_partition.txt"
POINTS, FACE = "list_landmarks_align_celeba.txt", "img_align_celeba/000004.jpg"


def last_field(row: int, new: str) -> Change:
    return lines(lambda rows: [*rows[:row], " ".join([*rows[row].split()[:-1], new]), *rows[row + 1 :]])


def one_sign(path: Path) -> None:
    count, head, *rows = path.read_text().rstrip().split("\n")
    path.write_text("\n".join([count, head, *(" ".join([*row.split()[:-1], "-1"]) for row in rows)]))


FACES: list[Damage] = [
    ("Files", FACE, Path.unlink, "img_align_celeba holds 11 .jpg files, but the official one has 12"),
    ("Size", FACE, long, "more than 262,144 bytes"),
    ("Size", SIGNS, long, "more than 33,554,432 bytes"),
    (
        "Zip",
        "img_align_celeba",
        partial(zip_up, kind=zipfile.ZIP_LZMA),
        "000001.jpg cannot be read: .* neither stored nor deflated",
    ),
    ("Images", FACE, lambda path: path.write_bytes(b"\xff\xd8\xff"), "no JPEG or PNG image"),
    (
        "Images",
        FACE,
        lambda path: path.write_bytes(photograph(np.zeros((200, 178, 3), np.uint8))),
        "no JPEG or PNG image as the official ones are: it has 178 x 200 pixels",
    ),
    ("Encoding", PARTS, latin, "line 12 of .* is no UTF-8 text"),
    ("Columns", SIGNS, swapped("Attractive ", ""), "it has 39 columns, not 40"),
    ("Columns", POINTS, last_field(4, ""), "line 5 has 10 fields, not 11"),
    ("Rows", SIGNS, swapped("12", "13"), "its first line should be its number of rows, 12, not '13'"),
    ("Rows", SIGNS, swapped("000005.jpg", "000004.jpg"), "line 7 names an image for the second time"),
    ("Rows", SIGNS, swapped("000005.jpg", "000099.jpg"), f"do not name the same images, {SIGNS}"),
    ("Attributes", SIGNS, last_field(4, "0"), "line 5 of .* -1 and 1 only, but it holds 0"),
    ("Attributes", SIGNS, one_sign, f"all values of '{ATTRIBUTES[-1]}' are -1"),
    ("Parts", PARTS, last_field(4, "3"), "line 5 of .* a part, 0, 1 or 2, not 3"),
    ("Parts", PARTS, last_field(4, "1"), "its parts have 5, 4, 3 images, not 6, 3, 3"),
    ("Landmarks", POINTS, last_field(4, "nan"), "line 5 has a field that is no finite number"),
    ("Landmarks", POINTS, last_field(4, "9999"), "line 5 of .* a point that is farther outside"),
    (NOT_CHECKED, FACE, exchange("000005.jpg"), ""),
]


def maps(largest: str, classes: int, deepest: str) -> list[Damage]:
    """Damages of arrays."""
    image, label, depth = (f"val/{kind}/1.npy" for kind in ("image", "label_7", "depth"))
    if classes == 13:
        label = "val/label/1.npy"
    return [
        ("Files", image, Path.unlink, r"val/image holds 1 \.npy files, but the official one has 2"),
        ("Size", image, long, f"more than {largest} bytes"),
        ("Zip", "val/image", partial(zip_up, kind=zipfile.ZIP_BZIP2), "neither stored nor deflated"),
        ("Arrays", depth, array(lambda x: x[1:]), r"finite numbers of shape \(24, 32, 1\)"),
        (
            "Arrays",
            depth,
            array(lambda x: np.full_like(x, np.inf)),
            "finite numbers .* some are NaN or infinite",
        ),
        ("Arrays", depth, lambda path: path.write_bytes(path.read_bytes()[:-9]), "no array of numbers"),
        ("Arrays", depth, array(lambda x: x.astype(object)), "no array of numbers"),
        ("Images", image, array(lambda x: 255 * x), "pixels from 0 to 1, but its values go from"),
        ("Classes", label, array(lambda x: x + classes), f"classes from -1 .* to {classes - 1}, but"),
        ("Classes", str(Path(label).parent), every(array(lambda x: abs(x))), "hold the class -1 where"),
        ("Depths", depth, array(lambda x: 1000 * x), rf"depths from 0 \(no label\) to {deepest}, but"),
        (
            "One value",
            str(Path(label).parent),
            every(array(lambda x: np.minimum(x, 0))),
            "should hold different labels, but all pixels have the same one or none",
        ),
        ("One value", "val/depth", every(array(lambda x: 0 * x)), "should hold different labels"),
        ("Duplicates", image, lambda path: shutil.copy(path.with_name("0.npy"), path), "same image as 0.npy"),
        (NOT_CHECKED, image, exchange("0.npy"), ""),
    ]


NORMALS: Damage = ("Normals", "val/normal/1.npy", array(lambda x: x / 2), "normals of length 1 with")


def objects(folder: str, pixels: str) -> list[Damage]:
    """Damages of a domain."""
    image = f"{folder}/mug/frame_0001.jpg"
    side = 6000 if "Art" in folder else 1500
    return [
        ("Files", image, Path.unlink, "holds 14 .jpg files, but the official one has 15"),
        ("Size", image, long, "more than 33,554,432 bytes"),
        ("Zip", folder, partial(zip_up, kind=zipfile.ZIP_LZMA), "neither stored nor deflated"),
        (
            "Classes",
            f"{folder}/mug",
            lambda path: shutil.move(path, path.with_name("bike")),
            "2 classes, not 3",
        ),
        ("Images", image, lambda path: path.write_bytes(b"\x89PNG"), "no JPEG or PNG image"),
        (
            "Images",
            image,
            lambda path: path.write_bytes(photograph(np.zeros((side, side), np.uint8))),
            f"it has {side} x {side} pixels",
        ),
        (NOT_CHECKED, image, lambda path: path.rename(path.parent.with_name("bike") / "x.jpg"), ""),
    ]


SERIES = "in-hospital-mortality/train/1_episode2_timeseries.csv"
DIED, DAYS = "in-hospital-mortality/train/listfile.csv", "length-of-stay/train/listfile.csv"
STAYS: list[Damage] = [
    ("Files", SERIES, Path.unlink, "train holds 7 _timeseries.csv files, but the official one has 8"),
    ("Size", SERIES, long, "more than 4,194,304 bytes"),
    (
        "Zip",
        "in-hospital-mortality/train",
        partial(zip_up, kind=zipfile.ZIP_BZIP2),
        "neither stored nor deflated",
    ),
    ("Encoding", SERIES, latin, "line 7 of .* is no UTF-8 text"),
    ("Encoding", DAYS, latin, "line 354 of .* is no UTF-8 text"),
    ("Columns", SERIES, swapped("Heart Rate", "Pulse"), "line 1 of .* should be 'Hours,Capillary"),
    ("Columns", SERIES, swapped("60,", "60,,"), "line 2 of .* has 19 fields, not 18"),
    ("Columns", DIED, swapped("stay", "name"), "line 1 of .* should be 'stay,y_true'"),
    (
        "Columns",
        DAYS,
        swapped("period_length", "hours"),
        "line 1 of .* should be 'stay,period_length,y_true'",
    ),
    (
        "Stays",
        DIED,
        swapped("1_episode2", "1_episode1"),
        "does not name each of the 8 files of its folder once",
    ),
    ("Stays", DIED, lines(lambda rows: rows[:-3]), "does not name each of the 8 files of its folder once"),
    ("Labels", DIED, swapped("csv,1", "csv,2"), "line 4 of .* should end with a label, 0 or 1, not '2'"),
    ("Labels", DIED, swapped("csv,1", "csv,0", 9), "does not have both labels, 0 and 1"),
    ("Lengths", DAYS, swapped("1_episode2", "1_episode9", 99), "has no line for the stay 1_episode2"),
    ("Lengths", DAYS, swapped("9.000000,51.25", "9.000000,52.25"), "two lengths to the stay 1_episode1"),
    ("Lengths", DAYS, swapped("9.000000", "many"), "line 6 of .* has a field that is no finite number"),
    (
        "Lengths",
        DAYS,
        lines(
            lambda rows: [
                *(row for row in rows if row and "1_episode2" not in row),
                f"{Path(SERIES).name},5,9",
            ]
        ),
        "less than 48 hours to the stay 1_episode2",
    ),
    ("Hours", SERIES, swapped("47.5", "48.5"), "line 6 of .*: Hours should go from 0 to 48, not '48.5'"),
    ("Hours", SERIES, swapped("47.5", "late"), "line 6 of .*: Hours should go from 0 to 48, not 'late'"),
    ("Hours", SERIES, swapped("2.1,", "0.1,"), "line 4 of .*: Hours should not go back, not '0.1'"),
    ("Values", SERIES, swapped(",61,", ",fast,"), "line 3 of .*: Heart Rate should be a number, not 'fast'"),
    ("Values", SERIES, swapped(",61,", ",inf,"), "line 3 of .*: Heart Rate should be a number, not 'inf'"),
    ("Values", SERIES, swapped("None", "Open"), "eye opening should be a number or a known word, not 'Open'"),
    (
        "Patients",
        "in-hospital-mortality",
        lambda folder: (
            [
                path.write_text(path.read_text().replace("\n5_", "\n1_"))
                for path in (folder / "test/listfile.csv", folder.parent / "length-of-stay/test/listfile.csv")
            ]
            and [path.rename(path.with_name(f"1{path.name[1:]}")) for path in (folder / "test").glob("5_*")]
        ),
        "patient 1 is in the training and in the test folder of .*mimic3-mortality",
    ),
    (NOT_CHECKED, SERIES, exchange("2_episode1_timeseries.csv"), ""),
]

LOANS: list[Damage] = [
    ("Size", "loans.csv", lambda path: path.open("r+b").truncate(2**28), "more than 134,217,728 bytes"),
    ("Encoding", "loans.csv", latin, "line 448 of .* is no UTF-8 text"),
    ("Fields", "loans.csv", swapped("|012010|", "|012010"), "line 2 of .* has 109 fields; all rows should"),
    (
        "Fields",
        "loans.csv",
        lines(lambda rows: [row.rsplit("|", 9)[0] for row in rows]),
        "line 1 of .* has 101 fields; .* 108 to 119",
    ),
    ("Months", "loans.csv", swapped("|012010|", "|012011|"), "line 2 of .*: month should be from 122009 to"),
    ("Months", "loans.csv", swapped("|022010|", "|012010|"), "line 3 of .*: loan should be once in every"),
    (
        "Months",
        "loans.csv",
        lines(lambda rows: rows[1:]),
        "line 1 of .*: loan should be one with a row of 122009, not '000000000001'",
    ),
    (
        "Numbers",
        "loans.csv",
        swapped("|1000|", "|much|"),
        "line 1 of .*: balance should be a number or empty",
    ),
    ("Numbers", "loans.csv", swapped("|1000|", "|inf|"), "line 1 of .*: balance should be a number or empty"),
    ("Status", "loans.csv", swapped("|00|", "|-1|"), "line 1 of .*: late should be a number of months, XX"),
    (
        "Status",
        "loans.csv",
        swapped("|01|", "|77|"),
        "line 17 of .*: end should be a known code or empty, not",
    ),
    (
        "Loans",
        "loans.csv",
        lines(lambda rows: rows[:-20]),
        "has 38 loans that can be used, not 40; draw more",
    ),
    ("Labels", "loans.csv", swapped("|03|", "|02|", 99), "does not have loans with and without default"),
    (NOT_CHECKED, "loans.csv", swapped("|CA|", "|Z9|"), ""),
]

DAMAGES: dict[str, list[Damage]] = {
    "fannie-mae": LOANS,
    "mimic3-mortality": STAYS,
    "pawsx": PAIRS,
    "pcba": MOLECULES,
    "celeba": FACES,
    "conll2003": NEWS,
    "nyuv2": [*maps("2,658,304", 13, "20"), NORMALS],
    "cityscapes": maps("790,528", 7, "1"),
    "office-31": objects("amazon/images", "2,097,152"),
    "office-home": objects("Art", "33,554,432"),
}


Reader = Callable[[], list[tuple[int, ...]]]


def read_pairs() -> list[tuple[int, ...]]:
    return [
        (len(pawsx.read_pairs(file, rows, language)),)
        for language, files in pawsx.FILES.items()
        for file, rows in zip(files, pawsx.ROWS.values(), strict=True)
    ]


def shapes(make: Callable[..., MultiTaskData], *names: str, **options: Any) -> list[tuple[int, ...]]:
    """Shapes of inputs and targets of all splits."""
    data = make(*names, **options)
    tensors = []
    for split in (data.train, data.validation, data.test):
        tensors += [*(split.inputs if isinstance(split.inputs, tuple) else [split.inputs]), *split.targets]
    return [tuple(tensor.shape) for tensor in tensors]


def read_stays() -> list[tuple[int, ...]]:
    mimic3.stays_of.cache_clear()
    return shapes(load, "mimic3-mortality", validation=3)


def read_faces() -> list[tuple[int, ...]]:
    return shapes(load, "celeba", size=4) + shapes(load, "celeba-landmarks", images=3, size=4)


@pytest.fixture
def read(
    request: pytest.FixtureRequest, cache: Path, monkeypatch: pytest.MonkeyPatch, no_network: None
) -> Callable[[str], Reader]:
    """Write small files of a data set; returns what reads them."""

    def write(name: str) -> Reader:
        fixtures = {
            "pawsx": ("paws", read_pairs),
            "celeba": ("faces", read_faces),
            "mimic3-mortality": ("episodes", read_stays),
            "conll2003": ("chunks", partial(shapes, load, "conll2003", length=2)),
            "fannie-mae": ("loans", partial(shapes, load, "fannie-mae", loans=40, validation=9, test=9)),
            "ud-pos": ("treebanks", partial(shapes, load, "ud-pos")),
            "multi-mnist": (
                "fake_cache",
                partial(shapes, load, "multi-mnist", train=9, validation=9, test=9),
            ),
        }
        if name in fixtures:
            fixture, reader = fixtures[name]
            request.getfixturevalue(fixture)
            return reader
        if name == "pcba":
            pytest.importorskip("rdkit")
            monkeypatch.setattr(PCBA, "molecules", range(25, 32))
            monkeypatch.setattr(PCBA, "size", 100_000)
            put(cache / "pcba/pcba.csv", pcba().to_csv(index=False).encode())
            return partial(shapes, load, "pcba", bits=64)
        if name in ("nyuv2", "cityscapes"):
            if name == "nyuv2":
                request.getfixturevalue("rooms")
            else:
                write_streets(cache, monkeypatch, "label_7")
            return partial(shapes, load, name, height=SMALL_MAPS[0], width=SMALL_MAPS[1], validation=2)
        domains = office.OFFICE_31 if name == "office-31" else office.OFFICE_HOME
        write_domains(cache, name, domains, 5, KINDS)
        for domain in domains.values():
            monkeypatch.setattr(domain, "count", 15)
        return partial(shapes, partial(office.make, name, domains, 3), size=4)

    return write


def test_every_check_has_a_damaged_file() -> None:
    for name, damages in DAMAGES.items():
        assert {check for check, *_ in damages} == DATASETS[name].checks.keys()


def test_files_have_a_pinned_hash_or_checks() -> None:
    for name, dataset in DATASETS.items():
        pinned = all(isinstance(file, File) and file.sha256 for file in dataset.files)
        assert pinned != bool(dataset.checks)
        assert pinned or any(dataset.checks is DATASETS[tested].checks for tested in DAMAGES), name


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        pytest.param(name, damage, id=f"{name}-{damage[0]}-{damage[3]}")
        for name, damages in DAMAGES.items()
        for damage in damages
    ],
)
def test_a_damaged_file_is_refused(read: Callable, cache: Path, name: str, damage: Damage) -> None:
    check, file, change, words = damage
    load_again = read(name)
    load_again()
    change(cache / name / file)
    if check == NOT_CHECKED:
        load_again()  # as the book says
        return
    with pytest.raises(ValueError, match=words) as error:
        load_again()
    said = str(error.value)
    assert "\n" not in said and len(said) < 700
    assert str(cache / name) in said or Path(file).name in said


@pytest.mark.filterwarnings("ignore:pcba")
@pytest.mark.parametrize("name", [*DAMAGES, "ud-pos", "multi-mnist"])
def test_random_damage(read: Callable, cache: Path, name: str) -> None:
    load_again = read(name)
    folder = cache / name.replace("multi-", "").replace("-pos", "")
    check_spoilt(sorted(path for path in folder.rglob("*") if path.is_file()), load_again, 60)


def test_random_damage_to_a_zip(read: Callable, cache: Path) -> None:
    load_again = read("celeba")
    zip_up(cache / "celeba/img_align_celeba", kind=zipfile.ZIP_DEFLATED)
    check_spoilt([cache / "celeba/img_align_celeba.zip"], load_again, 60)
