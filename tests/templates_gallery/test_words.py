"""The search of the gallery: beginnings of words, typos, weights, all words of a query."""

import pytest

from templates_gallery.selectors.words import WordIndex, edits, trigrams, words_of

TITLES = [
    "Product photo on a coloured backdrop",
    "Portrait retouching for headshots",
    "Café menu in five languages",
    "Upscale a picture",
]


@pytest.fixture(scope="module")
def titles() -> WordIndex:
    return WordIndex([[(title, 10.0)] for title in TITLES])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("product", 0),
        ("prod", 0),
        ("prodct", 0),
        ("porduct photo", 0),
        ("backdorp", 0),
        ("HEADSHOT", 1),
        ("cafe", 2),
        ("langauges", 2),
        ("upscaling", 3),
        ("pictures upscale", 3),
    ],
)
def test_a_query_finds_what_it_means_typos_and_all(titles, query, expected):
    found = titles.find(query)

    assert max(found, key=found.__getitem__) == expected


def test_every_word_of_a_query_must_be_there(titles):
    assert titles.find("portrait backdrop") == {}
    assert set(titles.find_near("portrait backdrop")) == {0, 1}


@pytest.mark.parametrize("query", ["", "  ", "!?", "zzzzzz", "on zzzzzz"])
def test_what_nothing_is_like_finds_nothing(titles, query):
    assert titles.find(query) == {}


def test_the_weightier_text_comes_first():
    index = WordIndex([[("about cats", 3.0)], [("cats", 10.0), ("about dogs", 3.0)]])

    found = index.find("cats")

    assert found[1] > found[0]


def test_the_word_itself_comes_before_one_that_is_like_it():
    index = WordIndex([[("poster", 10.0)], [("posters", 10.0)], [("foster", 10.0)]])

    found = index.find("poster")

    assert sorted(found, key=lambda item: -found[item]) == [0, 1, 2]


def test_short_words_are_not_alike_by_chance():
    assert WordIndex([[("cat", 1.0)]]).find("car") == {}


def test_words_have_no_case_and_no_accents():
    assert words_of("Crème-Brûlée, STRASSE 3") == ["creme", "brulee", "strasse", "3"]


def test_the_beginning_of_a_word_counts_twice():
    assert trigrams("ab") == {"  a", " ab", "ab "}


@pytest.mark.parametrize(
    ("word", "other", "distance"),
    [
        ("", "abc", 3),
        ("abc", "abc", 0),
        ("acb", "abc", 1),
        ("abd", "abc", 1),
        ("kitten", "sitting", 3),
    ],
)
def test_edits_count_letters_changed_left_out_put_in_or_swapped(word, other, distance):
    assert edits(word, other) == edits(other, word) == distance
