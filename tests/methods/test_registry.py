"""The registry, and methods as text."""

from __future__ import annotations

import copy
import inspect
from functools import partial
from pathlib import Path

import pytest
import torch

import mtlcore as mtl
from mtlcore.methods import Compose, canonical, describe, make

TEXTS = [
    *mtl.METHODS,
    "SingleTask(main=2)",
    "Static(weights=(1.0, 0.25))",
    "Static(scale='sum')",
    "UW(kind='classification')",
    "UW(kind=('regression', 'classification'), init=-0.5)",
    "DWA(pace='step')",
    "DWA(temperature=0.5, beta=0.99, scale='mean')",
    "IMTLL(init=1.5)",
    "MOML(lr=0.5)",
    "RLW(distribution='c-bernoulli', scale='sum')",
    "SLAW(beta=0.9, init='zero', floor=0.001)",
    "MGDA(level='features')",
    "MGDA(gap=1e-09)",
    "GradNorm(alpha=0.12)",
    "GradNorm(alpha=0, floor=0.01, scale='mean')",
    "GradDrop(leak=(0.5, 0, 1))",
    "GradVac(beta=0.5, per='variable')",
    "CAGrad(c=1, rescale=2)",
    "RotoGrad(burn_in=3, rotate=False)",
    "CosSim(main=1, weighted=True)",
    "Projection(lam=0.1, per='variable', smoothing=0.01)",
    "OLAux(lr=0.3, beta=-1.0, nonnegative=True)",
    "HydaLearn(invalid='skip', first_order=True)",
    "SLGrad(lookahead=0.1)",
    "Compose(RLW(scale='sum'), CAGrad)",
    "Compose(Static(weights=(1.0, 2.0)), Compose(SLAW, PCGrad(level='features')))",
]


@pytest.mark.parametrize("text", TEXTS)
def test_a_method_and_its_text_are_each_others_inverse(text: str) -> None:
    method = make(text)
    assert describe(method) == text == canonical(text)
    assert describe(copy.deepcopy(method)) == text
    assert describe(eval(repr(method), {**mtl.METHODS, "Compose": Compose})) == text


@pytest.mark.parametrize(
    ("text", "shortest"),
    [
        ("SLAW()", "SLAW"),
        ("RLW(scale='mean', distribution='normal')", "RLW"),
        ("SLAW(init = 'zero', beta = 0.9)", "SLAW(beta=0.9, init='zero')"),
        ("Static(weights=[1, 2])", "Static(weights=(1.0, 2.0))"),
        ("GradDrop(leak=[1, 0])", "GradDrop(leak=(1, 0))"),
        ("Compose(gradients=CAGrad(), losses=RLW(scale='sum'))", "Compose(RLW(scale='sum'), CAGrad)"),
    ],
)
def test_there_is_one_shortest_text(text: str, shortest: str) -> None:
    assert canonical(text) == shortest


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "SLAW SLAW",
            "SLAW; SLAW",
            "SLAW(",
            "3",
            "None",
            "'SLAW'",
            "mtl.SLAW",
            "SLAW.SLAW()",
            "SLAW()()",
        ),
        *(
            "GradNorm(__import__('os'))",
            "GradNorm(alpha=__import__('os'))",
            "__import__('os').system('true')",
        ),
        *("Static(weights=[1,2][0])", "SLAW(**{})", "SLAW(*())", "lambda: SLAW", "SLAW(beta=lambda: 1)"),
        *("f'SLAW'", "SLAW(init=f'zero')", "[SLAW for _ in 'a']", "SLAW if True else SLAW", "(m := SLAW)"),
        *(
            "GradNorm(0.12)",
            "SLAW(0.9, init='zero')",
            "CAGrad(c=SLAW)",
            "SLAW(beta=float('nan'))",
            "CAGrad(c=1 + 1)",
        ),
        *(
            "Compose",
            "Compose(SLAW)",
            "Compose(SLAW, PCGrad, PCGrad)",
            "Compose(SLAW, 3)",
            "Compose(SLAW, losses=SLAW)",
        ),
        *("Compose(SLAW, gradients='PCGrad')", "Compose(losses=PCGrad, gradients=PCGrad)", "SLAW(PCGrad)"),
        *(
            "SLAW(beta='0.9')",
            "SLAW(beta=True)",
            "CAGrad(c=1e999)",
            "CAGrad(c=1j)",
            "SLAW(init=b'zero')",
            "UW(kind=3)",
        ),
        *(
            "CosSim(main=1.5)",
            "CosSim(weighted=1)",
            "CAGrad(rescale=True)",
            "Static(weights={1, 2})",
            "Static(weights='12')",
        ),
        *(
            "GradNorm(optimizer='Adam')",
            "GradNorm(optimizer=None)",
            "HydaLearn(metric='auc')",
            "RLW(generator=None)",
        ),
        *(
            "SLAW(beta=0.9, beta=0.8)",
            "SLAW(betta=0.9)",
            "Slaw",
            "SLAW(beta=2.0)",
            "\0",
            "SLAW(init='\ud800')",
        ),
        *("-" * 9000 + "1", "(" * 9000, "Static(weights=" + "[" * 150 + "]" * 150 + ")", "1" + "+1" * 4900),
        *("Compose(" * 1200, "Compose(SLAW, " * 600 + "PCGrad" + ")" * 600, "CAGrad(c=" + "9" * 9000 + ")"),
        *(
            "[" * 4000 + "]" * 4000,
            "SLAW" + " " * 20_000,
            "a." * 4000 + "b",
            "SLAW(" + "beta=0.9," * 900 + ")",
        ),
    ],
    ids=lambda text: repr(text[:40]),
)
def test_anything_else_is_a_value_error_of_one_sentence(text: str) -> None:
    with pytest.raises(ValueError) as raised:
        make(text)
    message = str(raised.value)
    assert type(raised.value) is ValueError
    assert message and "\n" not in message and len(message) < 400


@pytest.mark.parametrize("text", [None, 3, b"SLAW", ["SLAW"], mtl.SLAW, mtl.SLAW(), {"method": "SLAW"}])
def test_what_is_no_text_is_a_value_error(text: object) -> None:
    with pytest.raises(ValueError, match="a method is written as"):
        make(text)


def test_mistyped_names_get_the_nearest() -> None:
    with pytest.raises(ValueError, match="nearest: PCGrad"):
        mtl.METHODS["PCgrad"]
    with pytest.raises(ValueError, match="no method called 'GradNrom'; nearest: GradNorm"):
        make("GradNrom(alpha=0.12)")
    with pytest.raises(ValueError, match="no argument of GradNorm called 'alfa'; nearest: alpha"):
        make("GradNorm(alfa=0.12)")
    with pytest.raises(ValueError, match="init of SLAW cannot be 'ones'"):
        make("SLAW(init='ones')")
    with pytest.raises(ValueError, match=r"weights of Static cannot be \(1.0, 'two'\)"):
        make("Static(weights=(1.0, 'two'))")
    with pytest.raises(ValueError, match="beta must lie between 0 and 1"):
        make("SLAW(beta=1.0)")


def test_a_function_has_no_text_but_a_name_in_the_repr() -> None:
    method = mtl.GradNorm(alpha=0, optimizer=partial(torch.optim.SGD, lr=0.5))
    assert repr(method) == "GradNorm(alpha=0, optimizer=partial(SGD, lr=0.5))"
    with pytest.raises(ValueError, match="optimizer is a function"):
        describe(method)
    assert describe(mtl.GradNorm(optimizer=partial(torch.optim.Adam, lr=0.025))) == "GradNorm"


def test_reading_a_text_draws_nothing() -> None:
    state = torch.get_rng_state()
    canonical("RLW(distribution='bernoulli')")
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", mtl.METHODS)
def test_the_family_is_the_folder(name: str) -> None:
    cls = mtl.METHODS[name]
    assert Path(inspect.getfile(cls)).parent.name == cls.family


@pytest.mark.parametrize("name", mtl.METHODS)
def test_only_the_first_argument_may_be_positional(name: str) -> None:
    kinds = [p.kind for p in inspect.signature(mtl.METHODS[name]).parameters.values()]
    assert set(kinds[1:]) <= {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize(
    "name", ["MGDA", "PCGrad", "IMTLG", "IMTLL", "RotoGrad", "CosSim", "Projection", "SLGrad"]
)
def test_methods_whose_paper_has_no_first_symbol_take_keywords_only(name: str) -> None:
    with pytest.raises(TypeError):
        mtl.METHODS[name]("features")


@pytest.mark.parametrize("name", mtl.METHODS)
def test_params_are_the_arguments(name: str) -> None:
    method = mtl.METHODS[name]()
    params = method.get_params()
    assert set(params) == set(inspect.signature(type(method)).parameters) - {"generator"}
    assert method.changed_params() == {}
    assert type(method)(**params).get_params() == params


def test_a_level_is_there_where_it_is_used() -> None:
    levels = {name: getattr(cls(), "level", None) for name, cls in mtl.METHODS.items()}
    assert levels.pop("RotoGrad") == "features"
    with_level = {n for n, cls in mtl.METHODS.items() if "level" in inspect.signature(cls).parameters}
    assert {name for name, level in levels.items() if level} == with_level
