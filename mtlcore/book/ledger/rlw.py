"""Every table and figure of the random-weighting paper."""

from functools import partial

from mtlcore.analysis.convergence import pace
from mtlcore.analysis.improvement import improvement
from mtlcore.book.ledger.entry import Entry
from mtlcore.book.ledger.numbers import Printed, Stored
from mtlcore.experiments.two_digits import CHOOSING

NYU = "NYUv2, at 288 × 384"
NYU_RUNS = Stored(
    "rlw-nyuv2", "test_", what="Δp", where={"architecture": "hps"}, preset="paper", summary=improvement
)
FEW = ["EW", "MOML", "RLW", "CAGrad", "RotoGrad", "RGW"]
XTREME = "XTREME: PAWS-X in 4 languages, Universal Dependencies in 4 languages; weights of multilingual BERT"


LSTM = "tags of treebanks in four languages; a small LSTM from scratch"

DIGITS = "two digits on 11 × 11 pixels; a small LeNet, six epochs"

ENTRIES = [
    Entry(
        "Table 1",
        "Fifteen methods on segmentation, depth and surface normals",
        data=NYU,
        access="bring",
        criterion=(
            "Δp above 0 for RLW and RGW over 3 seeds; rank correlation of the 15 Δp at least 0.5; each Δp "
            "within 1 point"
        ),
        reason="needs the NYUv2 files and hours of a graphics card",
        theirs=[Printed("rlw-table-1", "Δp", {"metric": "Delta_p", "method": FEW})],
        ours=NYU_RUNS,
    ),
    Entry(
        "Table 2",
        "Numbers of sentences in each language of the two XTREME problems",
        theirs=[Printed("rlw-table-2", by=())],
    ),
    Entry(
        "Table 3",
        "Fifteen methods on paraphrases and on parts of speech, four languages each",
        data=XTREME,
        access="bring",
        criterion="averages within 0.7; RLW and RGW within 0.5 of the best; no order without 5 seeds",
        reason="needs PAWS-X and the pre-trained weights",
        theirs=[
            Printed(
                "rlw-table-3",
                "Mean of the languages",
                {"task": "mean", "method": ["EW", "RLW", "RGW"]},
                ["metric", "method"],
            )
        ],
        ours=Stored(
            "rlw-pos",
            "test.mean",
            "direction seen on a stand-in",
            "RLW and RGW are within 0.5 of the best, and so is every method",
            "Mean F1 of tags in four languages",
            LSTM,
            unit="%",
        ),
    ),
    Entry(
        "Table 4",
        "Every loss-balancing method together with every gradient-balancing method: Δp",
        data=NYU,
        access="bring",
        criterion="RLW has the largest Δp in at least 7 of 10 rows",
        reason="needs the NYUv2 files and hours of a graphics card",
        theirs=[
            Printed(
                "rlw-table-4",
                "Δp",
                {"method": ["Vanilla + RLW", "CAGrad + EW", "CAGrad + RLW", "RGW + RLW"]},
            )
        ],
        ours=Stored(
            "rlw-combinations",
            "test_",
            "direction not seen on a stand-in",
            "the mean is lower with RLW in nine of ten rows; in the tenth the method alone fails at times",
            "Δp of the test accuracies",
            DIGITS,
            summary=partial(improvement, choosing=CHOOSING),
        ),
    ),
    Entry(
        "Table 5",
        "EW, CAGrad, RLW and both together in four architectures: Δp",
        data=NYU,
        access="bring",
        criterion="RLW above EW in every architecture",
        reason="needs the NYUv2 files and hours of a graphics card",
        theirs=[Printed("rlw-table-5", "Δp", {"method": ["EW", "RLW"]}, ["method", "architecture"])],
        ours=Stored(
            "rlw-architectures",
            "test_",
            "direction not seen on a stand-in",
            "the mean of RLW is below that of EW in all four; soft sharing gains more than any method",
            "Δp of the test accuracies, against EW with hard sharing",
            DIGITS,
            by=["method", "architecture"],
            summary=partial(improvement, choosing=CHOOSING),
        ),
    ),
    Entry(
        "Table 6",
        "Fifteen methods on segmentation and depth of street scenes",
        data="CityScapes, at 128 × 256",
        access="bring",
        criterion="as for Table 1",
        reason="needs the CityScapes files",
        theirs=[Printed("rlw-table-6", "Δp", {"metric": "Delta_p", "method": FEW})],
        ours=Stored("rlw-cityscapes", "test_", what="Δp", preset="paper", summary=improvement),
    ),
    Entry(
        "Table 7",
        "Fifteen methods on forty attributes of faces: mean accuracy",
        data="CelebA, at 64 × 64",
        access="bring",
        criterion="every average within 0.4; RLW at least EW − 0.1",
        reason="needs the CelebA files",
        theirs=[Printed("rlw-table-7", "Accuracy", {"method": FEW})],
        ours=Stored("rlw-celeba", "test_accuracy.mean", what="Mean accuracy", preset="paper", unit="%"),
    ),
    Entry(
        "Table 8",
        "Fifteen methods on objects in three and in four visual domains: accuracy",
        data="Office-31 and Office-Home; ResNet-18 with ImageNet weights",
        access="bring",
        criterion="averages within 0.7; RLW and RGW at least EW on both sets",
        reason="needs the Office files",
        theirs=[
            Printed(
                "rlw-table-8",
                "Mean accuracy",
                {"task": "mean", "method": ["EW", "RLW", "RGW"]},
                ["dataset", "method"],
            )
        ],
        ours=Stored(
            "rlw-office",
            "test_accuracy.mean",
            what="Mean accuracy",
            by=["data", "method"],
            preset="paper",
            unit="%",
        ),
    ),
    Entry(
        "Figure 1",
        "Test accuracy, sharpness and gradient noise of EW and RLW on overlaid images",
        data="Multi-MNIST, Multi-FashionMNIST, Multi-(Fashion+MNIST)",
        access="open",
        criterion=(
            "RLW more accurate than EW on at least 5 of 6 tasks; its largest Hessian eigenvalue smaller "
            "at the end"
        ),
        ours=Stored(
            "rlw-figure1",
            "test_accuracy.mean",
            "direction not seen on a stand-in",
            "no gain in accuracy; flatter than EW with 1/T on all three sets, at equal loss too, but sharper "
            "than EW with the sum",
            "Test accuracy, mean of the two tasks",
            "a quarter of the images, 30 epochs",
            by=["data", "method"],
            unit="%",
        ),
    ),
    Entry(
        "Figure 2",
        "Δp of RLW under five distributions of the weights, eight runs each",
        data=NYU,
        access="bring",
        criterion="every distribution above EW; the normal one varies least",
        reason="needs the NYUv2 files and hours of a graphics card",
        ours=Stored(
            "rlw-distributions",
            "test.mean",
            "direction not seen on a stand-in",
            "no distribution is above EW, and the noisier ones are below",
            "Mean F1 of tags in four languages",
            LSTM,
            unit="%",
        ),
    ),
    Entry(
        "Figure 3",
        "How fast EW and RLW learn, with 3 tasks and with 40",
        data="NYUv2 and CelebA",
        access="bring",
        criterion=(
            "normal weights as fast as EW; with 40 tasks, constrained Bernoulli needs at least 1.5 times "
            "the epochs"
        ),
        reason="needs the NYUv2 and CelebA files",
        ours=Stored(
            "rlw-distributions.curves",
            "validation_f1.mean",
            "direction seen on a stand-in",
            "one task a step needs twice the epochs of EW, and normal weights a quarter more",
            "Epochs to 95% of what EW ends with",
            LSTM,
            summary=pace,
        ),
    ),
]
