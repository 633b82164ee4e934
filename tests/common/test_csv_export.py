"""Tables as CSV files that a spreadsheet only shows."""

import csv
from types import SimpleNamespace

import pytest

from common.admin import csv_lines, safe_cell


@pytest.mark.parametrize(
    "text", ["=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", '=cmd|"/c calc"!A1']
)
def test_D5_a_cell_that_begins_a_formula_gets_an_apostrophe(text):
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [(None, ""), ("", ""), ("name", "name"), (7, "7"), (-7, "'-7"), ("a=b", "a=b"), ([], "[]")],
)
def test_other_cells_are_as_they_are(value, cell):
    assert safe_cell(value) == cell


def test_D5_what_is_quoted_keeps_its_apostrophe():
    rows = [SimpleNamespace(name='=A1,"b"', note="two\nlines")]

    lines = "".join(csv_lines(("name", "note"), rows))

    assert list(csv.reader(lines.splitlines(keepends=True))) == [
        ["name", "note"],
        ['\'=A1,"b"', "two\nlines"],
    ]
