"""The status of an entry of the ledger."""

from mtlcore.book.ledger import Entry, Stored


def test_the_status_is_the_verdict_or_what_stands_in_the_way(shelf):
    def status(access, experiment=None, verdict=None, **where):
        ours = experiment and Stored(experiment, "loss", verdict, where=where)
        return Entry("Table 1", "It", access=access, ours=ours).status()

    assert status("none") == "nothing to run"
    assert status("closed") == "data not open"
    assert status("open") == status("open", "tea") == status("open", "toy", kind="y") == "not run yet"
    assert status("bring") == status("bring", "tea") == "runs on data you bring"
    assert status("closed", "toy", "partly reproduced") == "partly reproduced"
