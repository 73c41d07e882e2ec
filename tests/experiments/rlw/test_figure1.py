"""Figure 1 of the random-weighting paper at smoke size."""


def test_curvature_and_accuracy_are_measured(smoke) -> None:
    rows, curves = smoke("rlw-figure1")
    assert len(rows) == 6 and len(curves) == 12
    assert rows["test_accuracy.mean"].between(0, 1).all()
    measured = rows.filter(regex=r"hessian_top|gradient_variance|train_loss")
    assert measured.shape[1] == 4 and (measured > 0).all(axis=None)
    first = curves[(curves["seed"] == 0) & (curves["epoch"] == 1)].set_index("method")["hessian_top"]
    assert first.nunique() == 3  # one start for all, and three different rules since
