"""Where the nodes of a drawn graph stand: as they were placed, or in layers from left to right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise

GAP_X = 72
GAP_Y = 28
MAX_SPREAD = 2.5  # how much wider than the layers' own a placed graph may be and be kept
SWEEPS = 4

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Size:
    """A node's box."""

    width: float
    height: float


LANE = Size(0, 36)
MAX_LANES = 600  # of a drawing; in a thicket of more wires go as they go
MAX_LOOKS = 40_000  # boxes times wires beyond which nobody looks whether one hides another


@dataclass(frozen=True, slots=True)
class Layout:
    """Where boxes stand: their upper left corners, the least at (0, 0).

    `lanes` are the stretches along which a wire over several layers passes boxes, by its ends:
    each begins at a point and is as long as its layer is wide.
    """

    places: Mapping[str, Point]
    lanes: Mapping[tuple[str, str], tuple[tuple[Point, float], ...]] = field(default_factory=dict)


def place(
    sizes: Mapping[str, Size], edges: Sequence[tuple[str, str]], given: Mapping[str, Point]
) -> Layout:
    """Return where the boxes of a graph stand.

    What people placed is kept if nothing overlaps and it is not far flung; else boxes are put into
    layers, each right of all that feed it.
    """
    layered = _in_layers(sizes, edges)
    if set(given) < set(sizes) or _any_overlap(sizes, given):
        return layered
    placed = _from_origin({name: given[name] for name in sizes})
    if _extent(sizes, placed) > MAX_SPREAD * _extent(sizes, layered.places):
        return layered
    return layered if _hides_wires(sizes, placed, edges) else Layout(placed)


def _hides_wires(
    sizes: Mapping[str, Size], places: Mapping[str, Point], edges: Sequence[tuple[str, str]]
) -> bool:
    """Say whether a wire runs beneath a box that is none of its ends."""
    if len(sizes) * len(edges) > MAX_LOOKS:
        return False
    return any(_runs_beneath(sizes, places, edge) for edge in edges)


def _runs_beneath(
    sizes: Mapping[str, Size], places: Mapping[str, Point], edge: tuple[str, str]
) -> bool:
    (source, target) = edge
    (x1, y1), (x2, y2) = places[source], places[target]
    x1, y1 = x1 + sizes[source].width, y1 + sizes[source].height / 2
    y2 = y2 + sizes[target].height / 2
    points = [(x1 + (x2 - x1) * part / 12, y1 + (y2 - y1) * part / 12) for part in range(1, 12)]
    return any(
        places[name][0] < x < places[name][0] + size.width
        and places[name][1] < y < places[name][1] + size.height
        for name, size in sizes.items()
        if name not in edge
        for x, y in points
    )


def _extent(sizes: Mapping[str, Size], places: Mapping[str, Point]) -> float:
    width = max((x + sizes[name].width for name, (x, _) in places.items()), default=0)
    height = max((y + sizes[name].height for name, (_, y) in places.items()), default=0)
    return max(width, height)


def _any_overlap(sizes: Mapping[str, Size], places: Mapping[str, Point]) -> bool:
    ordered = sorted(sizes, key=lambda name: places[name][0])
    return any(_overlap(sizes, places, one, two) for one, two in combinations(ordered, 2))


def _overlap(sizes: Mapping[str, Size], places: Mapping[str, Point], one: str, two: str) -> bool:
    """Say whether two boxes touch; a hand's breadth between them is asked for wires to be seen."""
    (x1, y1), (x2, y2) = places[one], places[two]
    apart_x = x2 >= x1 + sizes[one].width + GAP_X / 4 or x1 >= x2 + sizes[two].width + GAP_X / 4
    apart_y = y2 >= y1 + sizes[one].height + GAP_Y / 4 or y1 >= y2 + sizes[two].height + GAP_Y / 4
    return not (apart_x or apart_y)


def _from_origin(places: Mapping[str, Point]) -> dict[str, Point]:
    left = min((x for x, _ in places.values()), default=0)
    top = min((y for _, y in places.values()), default=0)
    return {name: (x - left, y - top) for name, (x, y) in places.items()}


def _in_layers(sizes: Mapping[str, Size], edges: Sequence[tuple[str, str]]) -> Layout:
    columns, wires, lanes = _with_lanes(_columns(list(sizes), edges), edges)
    sizes = {**sizes, **{lane: LANE for names in lanes.values() for lane in names}}
    columns = _ordered(columns, wires)
    places: dict[str, Point] = {}
    widths: dict[str, float] = {}
    heights = [_height(column, sizes) for column in columns]
    x = 0.0
    for column, height in zip(columns, heights, strict=True):
        y = (max(heights) - height) / 2
        width = max(sizes[name].width for name in column)
        for name in column:
            places[name], widths[name] = (x, y), width
            y += sizes[name].height + GAP_Y
        x += width + GAP_X
    return Layout(
        {name: point for name, point in places.items() if sizes[name] is not LANE},
        {
            edge: tuple((_middle(places[lane]), widths[lane]) for lane in names)
            for edge, names in lanes.items()
        },
    )


def _height(column: Sequence[str], sizes: Mapping[str, Size]) -> float:
    return sum(sizes[name].height for name in column) + GAP_Y * (len(column) - 1)


def _middle(corner: Point) -> Point:
    return corner[0], corner[1] + LANE.height / 2


def _with_lanes(
    columns: list[list[str]], edges: Sequence[tuple[str, str]]
) -> tuple[list[list[str]], list[tuple[str, str]], dict[tuple[str, str], list[str]]]:
    """Give a wire over several layers a place of its own in each, so that no box stands on it.

    Returns the columns with these places, the wires from place to place, and the places by wire.
    """
    layer = {name: number for number, column in enumerate(columns) for name in column}
    crossed = sum(max(0, layer[target] - layer[source] - 1) for source, target in set(edges))
    if crossed > MAX_LANES:
        return columns, list(edges), {}
    columns = [list(column) for column in columns]
    wires: list[tuple[str, str]] = []
    lanes: dict[tuple[str, str], list[str]] = {}
    for source, target in dict.fromkeys(edges):
        numbers = range(layer[source] + 1, layer[target])
        names = [f"{source} > {target} @ {number}" for number in numbers]  # no id has a space
        for number, name in zip(numbers, names, strict=True):
            columns[number].append(name)
        if names:
            lanes[source, target] = names
        wires += pairwise([source, *names, target])
    return columns, wires, lanes


def _columns(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the nodes by how long the longest way to them is; what lies in a cycle is cut off.

    What feeds others and is fed by nothing stands beside the first that it feeds.
    """
    layer = dict.fromkeys(names, 0)
    for _ in names:
        changed = False
        for source, target in edges:
            if layer[target] < layer[source] + 1 < len(names):
                layer[target] = layer[source] + 1
                changed = True
        if not changed:
            break
    fed = {target for _, target in edges}
    for name in names:
        targets = [layer[target] for source, target in edges if source == name]
        if name not in fed and targets:
            layer[name] = max(0, min(targets) - 1)
    used = sorted(set(layer.values()))
    return [[name for name in names if layer[name] == number] for number in used]


def _ordered(columns: list[list[str]], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Order each column by the mean place of its neighbours, there and back, so that few wires cross."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for source, target in edges:
        before.setdefault(target, []).append(source)
        after.setdefault(source, []).append(target)
    ranks = {name: rank for column in columns for name, rank in _ranks(column).items()}
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        neighbours = before if forward else after
        for number in range(len(columns)) if forward else range(len(columns) - 1, -1, -1):
            means = {name: _mean(neighbours.get(name, []), ranks, name) for name in columns[number]}
            columns[number] = sorted(columns[number], key=means.__getitem__)
            ranks |= _ranks(columns[number])
    return columns


def _ranks(column: Sequence[str]) -> dict[str, float]:
    """Return how far down each stands, from 0 to 1; the middle for one that is alone."""
    last = len(column) - 1
    return {name: rank / last if last else 0.5 for rank, name in enumerate(column)}


def _mean(neighbours: Sequence[str], ranks: Mapping[str, float], name: str) -> float:
    if not neighbours:
        return ranks[name]
    return sum(ranks[other] for other in neighbours) / len(neighbours)
