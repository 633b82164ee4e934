"""Search that forgives typos: words by their beginnings and by the trigrams that they share.

Pure: texts in, scores out. An item matches when each word of the query matches a word of it: the
same, the beginning of it, or one that is alike. What is matched exactly and in a weightier text
(a title before a description) scores higher.
"""

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from heapq import nlargest

ALIKE = 0.42  # of the trigrams of two words together, those that both have
NEARLY = 0.28  # the same, where a nearer one was not found
MAX_WORDS = 12  # of a query
MAX_COMPLETIONS = 200  # words that begin with one of a query
SHORTEST_FUZZY = 4  # shorter words are alike by chance
SHORT = 5  # letters of a word in which two slips make it another
NEAREST = 40  # words that are looked at letter by letter

_WORD = re.compile(r"[^\W_]+")

Scores = dict[int, float]  # by item


def words_of(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared: no case, no accents."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(char for char in plain if not unicodedata.combining(char)))


def trigrams(word: str) -> frozenset[str]:
    """Return a word's trigrams, with its beginning weighing more than its end."""
    padded = f"  {word} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


class WordIndex:
    """Which items have which words, and how much they weigh there. Never changed once made."""

    def __init__(self, items: Sequence[Iterable[tuple[str, float]]]) -> None:
        """Read the texts of each item, each with its weight."""
        weights: dict[str, dict[int, float]] = defaultdict(dict)
        for number, texts in enumerate(items):
            for text, weight in texts:
                for word in words_of(text):
                    known = weights[word]
                    known[number] = max(weight, known.get(number, 0.0))
        self._words = sorted(weights)
        self._weights: Sequence[Mapping[int, float]] = [weights[word] for word in self._words]
        self._sizes = [len(trigrams(word)) for word in self._words]
        self._by_trigram: dict[str, list[int]] = defaultdict(list)
        for place, word in enumerate(self._words):
            for trigram in trigrams(word):
                self._by_trigram[trigram].append(place)

    def find(self, text: str) -> Scores:
        """Return the items that match every word of a query, with how well they do."""
        found: Scores | None = None
        for scores in self._each(text, ALIKE):
            if found is None:
                found = scores
            else:
                found = {item: found[item] + scores[item] for item in found.keys() & scores.keys()}
        return found or {}

    def find_near(self, text: str) -> Scores:
        """Return the items that match any word of a query, be it from afar."""
        found: Scores = defaultdict(float)
        for scores in self._each(text, NEARLY):
            for item, score in scores.items():
                found[item] += score
        return dict(found)

    def _each(self, text: str, threshold: float) -> Iterable[Scores]:
        words = list(dict.fromkeys(words_of(text)))[:MAX_WORDS]
        return (self._scores(word, threshold) for word in words)

    def _scores(self, word: str, threshold: float) -> Scores:
        scores: Scores = {}
        for place, quality in self._alike(word, threshold).items():
            for item, weight in self._weights[place].items():
                scores[item] = max(scores.get(item, 0.0), weight * quality)
        return scores

    def _alike(self, word: str, threshold: float) -> dict[int, float]:
        """Return the places of the words that stand for one of a query, each with how well, to 1."""
        found = self._completions(word)
        if len(word) < SHORTEST_FUZZY:
            return found
        for place, shared in self._nearest(word):
            likeness = max(shared, _slip(word, self._words[place]))
            if likeness >= threshold:
                found[place] = max(found.get(place, 0.0), 0.7 * likeness)
        return found

    def _completions(self, word: str) -> dict[int, float]:
        found = {}
        start = bisect_left(self._words, word)
        for place in range(start, min(start + MAX_COMPLETIONS, len(self._words))):
            if not self._words[place].startswith(word):
                break
            found[place] = 0.75 + 0.25 * len(word) / len(self._words[place])
        return found

    def _nearest(self, word: str) -> list[tuple[int, float]]:
        """Return the words that share most trigrams with one, by place, with their likeness."""
        own = trigrams(word)
        shared: dict[int, int] = defaultdict(int)
        for trigram in own:
            for place in self._by_trigram.get(trigram, ()):
                shared[place] += 1
        found = [
            (place, count / (len(own) + self._sizes[place] - count))
            for place, count in shared.items()
        ]
        return nlargest(NEAREST, found, key=lambda each: each[1])


def _slip(word: str, other: str) -> float:
    """Return how near a word is that differs by a slip or two of the fingers; 0 beyond that."""
    allowed = 1 if len(word) <= SHORT else 2
    if abs(len(word) - len(other)) > allowed:
        return 0.0
    distance = edits(word, other)
    return 0.0 if distance > allowed else 1 - distance / max(len(word), len(other))


def edits(word: str, other: str) -> int:
    """Return how many letters to change, leave out, put in or swap with the next makes one the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(word):
        older, before, row = before, row, [at + 1]
        for place, wanted in enumerate(other):
            cost = min(before[place + 1] + 1, row[place] + 1, before[place] + (letter != wanted))
            is_swap = at and place and letter == other[place - 1] and word[at - 1] == wanted
            row.append(min(cost, older[place - 1] + 1) if is_swap else cost)
    return row[-1]
