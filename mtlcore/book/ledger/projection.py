"""Every table and figure of the Projection paper."""

from collections.abc import Callable, Sequence

import pandas as pd

from mtlcore.analysis.summary import summarise
from mtlcore.book.ledger.entry import Entry
from mtlcore.book.ledger.numbers import Printed, Stored

Summary = Callable[[pd.DataFrame, Sequence[str], str], pd.DataFrame]

CELEBA = "CelebA, 30,000 faces at 40 × 40"
FORMULA = "regressions made by a formula: same, similar and unrelated auxiliary task"
CONLL = "CoNLL-2003, whose text is licensed; CoNLL-2000 is open"
IMDB = "IMDB reviews, as sets of words"
SIGN = (
    "The published rows are of a rule with the opposite sign, without the logarithm in both figures, whose "
    "weights hardly moved; Weights that learn from the main task shows each"
)
PLAIN = ["Multi-task", "Projection"]
OTHERS = ["Unweighted cosine", "Weighted cosine", "Orthogonal"]


def at(lam: int) -> Summary:
    """Summarise the runs of the first five seeds with one λ: lam=3, or 3.0 as a constant of Static."""

    def summary(rows: pd.DataFrame, by: Sequence[str], value: str) -> pd.DataFrame:
        rows = rows[rows["seed"] < 5]
        return summarise(rows[rows["method"].str.contains(rf"lam={lam}\b|, {lam}\.0\)")], by, value)

    return summary


ENTRIES = [
    Entry(
        "Table 1", "Examples of auxiliary tasks in other work", theirs=[Printed("projection-table-1", by=())]
    ),
    Entry("Figure 1", "Diagram: networks for one task and for several"),
    Entry("Figure 2", "Diagram: the projection of the auxiliary gradient"),
    Entry(
        "Figure 3",
        "Paths to the unit circle in the plane, with a pull towards (2, 0)",
        data="two functions of the plane",
        access="open",
        criterion="Multi-task ends at (12/11, 0), Projection at (1, 0), both within 0.02, from every start",
        theirs=[Printed("projection-figure-3", "Where Projection ends", by=["metric"])],
        ours=Stored(
            "projection-figure3",
            "distance.projection",
            "reproduced",
            "with the notebook's learning rate 0.01; with the text's 0.001 one start is not there yet",
            "Distance of the end to (1, 0)",
            by=["start", "method"],
            where={"optimizer": "Adam", "lr": 0.01},
        ),
    ),
    Entry(
        "Figure 4",
        "AUC of “attractive” against the weight of the face landmarks",
        data=CELEBA,
        access="bring",
        criterion=(
            "Projection above Multi-task at λ = 30,000 (p < 0.01), its best at least Multi-task's − "
            "0.001; every AUC within 0.006"
        ),
        theirs=[
            Printed("projection-figure-4", "p-value", by=["method"]),
            Printed(
                "projection-figure-10",
                "AUC at λ = 30,000",
                {"method": PLAIN, "lambda": "30000", "alpha": ["", "1.0"], "scope": ["", "whole vector"]},
            ),
        ],
        ours=Stored(
            "projection-celeba",
            "test_auc",
            "direction seen on a stand-in",
            "at λ = 1,000 Projection loses less; the best values are equal; at 100 one of three runs fails",
            "AUC at λ = 1,000",
            stand_in="digits placed at random instead of faces, 500 images, three runs",
            summary=at(1000),
        ),
    ),
    Entry(
        "Figure 5",
        "Test error against the weight of the auxiliary task, for three auxiliary tasks",
        data=FORMULA,
        access="open",
        criterion=(
            "smoothed Projection below Multi-task on the same and on the similar task, about equal "
            "without smoothing (p < 0.05, 20 runs); errors within 0.012"
        ),
        theirs=[
            Printed("projection-figure-5", "p-value", by=["method", "dataset"]),
            Printed(
                "projection-figure-11",
                "Test error at λ = 3, same task",
                {"method": PLAIN, "lambda": "3", "alpha": ["", "0.01"], "dataset": "synthetic, same task"},
            ),
        ],
        ours=Stored(
            "projection-synthetic",
            "test_mse.best",
            "partly reproduced",
            "same and similar task: the order holds (Holm p < 0.001, 15 seeds); errors up to 0.015 lower",
            "Test error at λ = 3, same task",
            where={"auxiliary": "same"},
            summary=at(3),
        ),
    ),
    Entry(
        "Figure 6",
        "Accuracy of text chunking against the weight of part-of-speech tagging",
        data=CONLL,
        access="open",
        criterion=(
            "smoothed Projection: best value and value at λ = 100 above Multi-task's, on the whole test "
            "set; accuracies within 0.01"
        ),
        theirs=[
            Printed("projection-figure-6", "p-value", by=["method"]),
            Printed(
                "projection-figure-12",
                "Accuracy at λ = 100",
                {"method": PLAIN, "lambda": "100", "alpha": ["", "0.01"]},
            ),
        ],
        ours=Stored(
            "projection-chunking",
            "test_accuracy",
            "direction seen on a stand-in",
            "at λ = 100 smoothed Projection is above Multi-task; at λ = 1 no difference shows",
            "Accuracy at λ = 100",
            stand_in="CoNLL-2000, a twentieth of its windows, a smaller network, three runs",
            summary=at(100),
        ),
    ),
    Entry(
        "Figure 7",
        "Test loss against the strength of weight decay, which plays the auxiliary task",
        data=IMDB,
        access="open",
        criterion=(
            "smoothed Projection at λ = 100 below the best Multi-task, over 10 runs or more; losses "
            "within 0.01 up to λ = 100"
        ),
        theirs=[
            Printed("projection-figure-7", "p-value", by=["method"]),
            Printed(
                "projection-figure-13",
                "Test loss",
                {"method": PLAIN, "lambda": ["30", "100"], "alpha": ["", "0.01"]},
                ["method", "lambda"],
            ),
        ],
        ours=Stored(
            "projection-weight-decay",
            "test_loss",
            "direction not seen on a stand-in",
            "level with plain decay at its best λ of 10 (0.304); at λ = 100 far below it, by five seeds",
            "Test loss at λ = 100",
            stand_in="2,000 words instead of 10,000, five runs instead of 50",
            by=["method", "alpha"],
            where={"lam": 100.0},
        ),
    ),
    Entry(
        "Figure 8",
        "Projection of the whole gradient or of each variable: no difference",
        data=FORMULA,
        access="open",
        criterion="the two within 0.012 of each other",
        theirs=[Printed("projection-figure-8", by=())],
        ours=Stored(
            "projection-synthetic",
            "test_mse.best",
            "partly reproduced",
            "the means of the two are 0.001 apart; one weight, five seeds",
            "Test error at λ = 3, same task",
            where={"auxiliary": "same"},
            summary=at(3),
        ),
    ),
    Entry(
        "Figure 9",
        "Diagram: Projection, the two cosines and Orthogonal on one pair of gradients; Helpers and hinderers "
        "has it as a widget",
    ),
    Entry(
        "Figure 10",
        "Figure 4 with both gradient cosines and Orthogonal",
        data=CELEBA,
        access="bring",
        criterion="every AUC within 0.006; at λ = 30,000 the three others below Projection",
        reason="needs the CelebA files, as Figure 4",
        theirs=[
            Printed(
                "projection-figure-10",
                "AUC at λ = 30,000",
                {"method": OTHERS, "lambda": "30000", "alpha": "1.0", "scope": "whole vector"},
            )
        ],
    ),
    Entry(
        "Figure 11",
        "Figure 5 with both gradient cosines and Orthogonal",
        data=FORMULA,
        access="open",
        criterion="every error within 0.012; on the unrelated task the cosines suffer least",
        theirs=[
            Printed(
                "projection-figure-11",
                "Test error at λ = 3, unrelated task",
                {"method": OTHERS, "lambda": "3", "alpha": "0.01", "dataset": "synthetic, unrelated task"},
            )
        ],
        ours=Stored(
            "projection-synthetic",
            "test_mse.best",
            "partly reproduced",
            "the weighted cosine suffers less than Projection, both unsmoothed; three and five seeds",
            "Test error at λ = 3, unrelated task",
            where={"auxiliary": "unrelated"},
            summary=at(3),
        ),
    ),
    Entry(
        "Figure 12",
        "Figure 6 with both gradient cosines and Orthogonal",
        data=CONLL,
        access="open",
        criterion="every accuracy within 0.01, on the whole test set",
        reason="they are in the preset paper of projection-chunking, which has not been run",
        theirs=[
            Printed(
                "projection-figure-12",
                "Accuracy at λ = 3",
                {"method": OTHERS, "lambda": "3"},
                ["method", "alpha"],
            )
        ],
    ),
    Entry(
        "Figure 13",
        "Figure 7 with both gradient cosines and Orthogonal",
        data=IMDB,
        access="open",
        criterion="every loss within 0.01 up to λ = 100; at λ = 300 the cosines lowest",
        reason="the cosines at λ = 300 are in the preset paper, which has not been run",
        theirs=[
            Printed(
                "projection-figure-13",
                "Test loss at λ = 300",
                {"method": OTHERS, "lambda": "300"},
                ["method", "alpha"],
            )
        ],
    ),
    Entry(
        "Figure 14",
        "Auxiliary weights that adapt (Lin et al.), with the logarithm, at four step sizes",
        data=CELEBA,
        access="bring",
        criterion=(
            "none, since the published code gives Figures 14 and 15 the same rule, with the opposite sign"
        ),
        reason=SIGN,
        theirs=[Printed("projection-figure-14", "AUC from λ = 3,000", {"lambda": "3000"}, ["beta"])],
    ),
    Entry(
        "Figure 15",
        "The same without the logarithm",
        data=CELEBA,
        access="bring",
        criterion="none, as for Figure 14",
        reason=SIGN,
        theirs=[Printed("projection-figure-15", "AUC from λ = 3,000", {"lambda": "3000"}, ["beta"])],
    ),
]
