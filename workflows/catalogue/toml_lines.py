"""On which line of a TOML document something stands: the standard reader tells values alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Place = tuple[str | int, ...]  # `("routes", 0, "wire")`: keys, and numbers of elements from 0

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\#[^\n]*)|(?P<end>\n)"""
    r"""|(?P<text>\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
    r"""|(?P<mark>[\[\]{},=])|(?P<bare>[^\s\[\]{},=#"']+)""",
    re.DOTALL,
)


def lines_of(text: str) -> Mapping[Place, int]:
    """Return where every key and element of a well-formed document stands, lines counted from 1."""
    return _Locator(list(_tokens(text))).read()


def line_of(lines: Mapping[Place, int], place: Sequence[str | int]) -> int:
    """Return the line of a place, or of the nearest thing around it; 1 where there is none.

    Parts of the place that the document does not have are passed over.
    """
    found: Place = ()
    for part in place:
        if (*found, part) in lines:
            found = (*found, part)
    return lines.get(found, 1)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # end, text, mark, bare
    text: str
    line: int


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            yield _Token(str(match.lastgroup), match.group(), line)
        line += match.group().count("\n")


@dataclass
class _Locator:
    """Reads a document once; made for it and thrown away."""

    tokens: list[_Token]
    at: int = 0
    lines: dict[Place, int] = field(default_factory=dict)
    counts: dict[Place, int] = field(default_factory=dict)  # elements of arrays of tables

    def read(self) -> Mapping[Place, int]:
        table: Place = ()
        while self.at < len(self.tokens):
            if self._takes("end"):
                continue
            if self._is_mark("["):
                table = self._header()
            else:
                self._pair(table)
        return self.lines

    def _header(self) -> Place:
        line = self.tokens[self.at].line
        is_array = self._is_mark("[", ahead=1)
        self.at += 2 if is_array else 1
        *parents, last = self._key()
        table: Place = ()
        for part in parents:
            self.lines.setdefault((*table, part), line)
            table = self._inside((*table, part))
        table = (*table, last)
        if is_array:
            number = self.counts.get(table, 0)
            self.counts[table] = number + 1
            self.lines.setdefault(table, line)
            table = (*table, number)
        self.lines.setdefault(table, line)
        self.at += 2 if is_array else 1
        return table

    def _inside(self, table: Place) -> Place:
        """Return where a header's key leads: of an array of tables, into the last one."""
        number = self.counts.get(table, 0)
        return (*table, number - 1) if number else table

    def _key(self) -> list[str]:
        """Return the parts of a key, up to the mark behind it."""
        parts: list[str] = []
        while self.at < len(self.tokens) and self.tokens[self.at].kind in ("text", "bare"):
            token = self.tokens[self.at]
            quoted = token.kind == "text"
            parts += [token.text[1:-1]] if quoted else filter(None, token.text.split("."))
            self.at += 1
        return parts

    def _pair(self, table: Place) -> None:
        line = self.tokens[self.at].line
        place = table
        for part in self._key():
            place = (*place, part)
            self.lines.setdefault(place, line)
        self.at += 1  # the mark =
        self._value(place)

    def _value(self, place: Place) -> None:
        if self._is_mark("["):
            self._list(place)
        elif self._is_mark("{"):
            self._list(place, is_table=True)
        else:
            self.at += 1
            while self._takes("text", "bare"):  # a date and its time
                pass

    def _list(self, place: Place, *, is_table: bool = False) -> None:
        """Read what stands between brackets."""
        self.at += 1
        number = 0
        while self.at < len(self.tokens) and not self._is_mark("}" if is_table else "]"):
            if self._takes("end") or (self._is_mark(",") and self._takes("mark")):
                continue
            if is_table:
                self._pair(place)
                continue
            element = (*place, number)
            self.lines[element] = self.tokens[self.at].line
            number += 1
            self._value(element)
        self.at += 1

    def _is_mark(self, mark: str, *, ahead: int = 0) -> bool:
        place = self.at + ahead
        if place >= len(self.tokens):
            return False
        return self.tokens[place].kind == "mark" and self.tokens[place].text == mark

    def _takes(self, *kinds: str) -> bool:
        """Pass over a token of one of these kinds; says whether it was there."""
        is_there = self.at < len(self.tokens) and self.tokens[self.at].kind in kinds
        self.at += is_there
        return is_there
