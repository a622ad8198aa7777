"""The texts of help are those that AWS's packages have."""

import pathlib

from documentation import made, written

FILE = pathlib.Path(__file__).parents[1] / "crates/cli/src/documentation.json"


def test_the_file_of_texts_is_what_is_made():
    texts = made()
    assert {name: len(texts[name]) for name in ("operations", "examples")} == {
        "operations": 39,
        "examples": 9,
    }
    # Not with assert on the whole, which would look for what differs in 280,000 letters.
    lines = zip(written(texts).splitlines(), FILE.read_text().splitlines(), strict=True)
    differing = [pair for pair in lines if pair[0] != pair[1]]
    assert not differing
