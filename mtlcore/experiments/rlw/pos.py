"""The random-weighting paper's Table 3: parts of speech and paraphrases, each in four languages."""

from mtlcore.experiments.engine.experiment import Experiment
from mtlcore.experiments.rlw import _languages

experiment = Experiment(
    name="rlw-pos",
    title="Methods on one problem in four languages",
    source="random-weighting paper, Tables 2 and 3",
    presets={
        "smoke": _languages.SMOKE,
        "laptop": _languages.LAPTOP,
        "paper": [_languages.TAGS, _languages.PARAPHRASES],
    },
    run=_languages.run,
)
