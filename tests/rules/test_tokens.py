"""The colours of `frontend/src/site/tokens.css` can be read and told apart (G-21)."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

Vector = NDArray[np.float64]

TOKENS = Path(__file__).parents[2] / "frontend/src/site/tokens.css"
THEMES = ("light", "dark")
SURFACES = ("canvas", "bg", "surface", "surface-2")
PAGES = ("bg", "surface")
PORTS = ("image", "mask", "video", "audio", "text", "number", "boolean", "json")

# How eyes without one kind of cone see linear RGB (Machado 2009, severity 1).
VISION = {
    "normal": np.eye(3),
    "protan": np.array([
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]),
    "deutan": np.array([
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]),
    "tritan": np.array([
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ]),
}  # fmt: skip
TO_XYZ = np.array([
    [0.4124564, 0.3575761, 0.1804375],
    [0.2126729, 0.7151522, 0.0721750],
    [0.0193339, 0.1191920, 0.9503041],
])  # fmt: skip
WHITE = np.array([0.95047, 1.0, 1.08883])  # D65


def read_colours() -> dict[str, dict[str, str]]:
    """Return `#rrggbb` by theme and token."""
    found = re.findall(
        r"--color-([a-z0-9-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);",
        TOKENS.read_text(encoding="utf-8"),
    )
    return {
        "light": {name: light for name, light, _ in found},
        "dark": {name: dark for name, _, dark in found},
    }


COLOURS = read_colours()


def linear(colour: str) -> Vector:
    """Return linear RGB of `#rrggbb`."""
    coded = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of WCAG 2."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    dark, light = sorted(float(weights @ linear(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(colour: str, vision: str) -> Vector:
    """Return Lab (D65) of a colour as somebody sees it."""
    seen = np.clip(VISION[vision] @ linear(colour), 0, 1)
    share = (TO_XYZ @ seen) / WHITE
    root = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = root
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(one: Vector, other: Vector) -> float:
    """Return CIEDE2000 of two Lab colours."""
    lightness = np.array([one[0], other[0]])
    chroma = np.hypot([one[1], other[1]], [one[2], other[2]])
    bulge = 0.5 * (1 - np.sqrt(chroma.mean() ** 7 / (chroma.mean() ** 7 + 25.0**7)))
    red = np.array([one[1], other[1]]) * (1 + bulge)
    chroma = np.hypot(red, [one[2], other[2]])
    hue = np.degrees(np.arctan2([one[2], other[2]], red)) % 360

    turn = (hue[1] - hue[0] + 180) % 360 - 180 if chroma.all() else 0.0
    d_hue = 2 * np.sqrt(chroma.prod()) * np.sin(np.radians(turn / 2))
    middle = (hue[0] + turn / 2) % 360 if chroma.all() else hue.sum()
    t = (
        1
        - 0.17 * np.cos(np.radians(middle - 30))
        + 0.24 * np.cos(np.radians(2 * middle))
        + 0.32 * np.cos(np.radians(3 * middle + 6))
        - 0.20 * np.cos(np.radians(4 * middle - 63))
    )
    off = (lightness.mean() - 50) ** 2
    light = (lightness[1] - lightness[0]) / (1 + 0.015 * off / np.sqrt(20 + off))
    colourful = (chroma[1] - chroma[0]) / (1 + 0.045 * chroma.mean())
    hued = d_hue / (1 + 0.015 * chroma.mean() * t)
    spread = 30 * np.exp(-(((middle - 275) / 25) ** 2))
    seventh = chroma.mean() ** 7
    tilt = -np.sin(np.radians(2 * spread)) * 2 * np.sqrt(seventh / (seventh + 25.0**7))
    return float(np.sqrt(light**2 + colourful**2 + hued**2 + tilt * colourful * hued))


def mixed(theme: str, token: str, under: str, share: float) -> str:
    """Return what `color-mix(in srgb, token share, under)` gives."""
    pairs = [
        (int(COLOURS[theme][name][at : at + 2], 16)) for name in (token, under) for at in (1, 3, 5)
    ]
    parts = [round(share * pairs[at] + (1 - share) * pairs[at + 3]) for at in range(3)]
    return "#" + "".join(f"{part:02x}" for part in parts)


def test_ciede2000_gives_the_published_figures() -> None:
    pairs = [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ]

    found = [difference(np.array(one), np.array(other)) for one, other, _ in pairs]

    assert found == pytest.approx([figure for _, _, figure in pairs], abs=1e-4)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("text", ["text", "text-2", "muted"])
def test_g_21_text_can_be_read_on_every_surface(theme: str, text: str) -> None:
    colours = COLOURS[theme]

    assert min(contrast(colours[text], colours[under]) for under in SURFACES) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("tone", ["accent", "ok", "warn", "err", "info", "energy"])
def test_g_21_tones_can_be_read_on_pages_and_on_their_own_tint(theme: str, tone: str) -> None:
    colours = COLOURS[theme]
    tint = mixed(theme, tone, "surface", 0.10)  # a badge

    assert min(contrast(colours[tone], colours[under]) for under in PAGES) >= 4.5
    assert contrast(colours[tone], tint) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
def test_g_21_what_stands_on_the_accent_can_be_read(theme: str) -> None:
    colours = COLOURS[theme]

    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    assert contrast(colours["on-accent"], colours["accent-hover"]) >= 4.5
    assert contrast(colours["accent"], colours["accent-soft"]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("part", ["border-strong", "focus"])
def test_g_21_edges_of_controls_can_be_seen(theme: str, part: str) -> None:
    colours = COLOURS[theme]

    assert min(contrast(colours[part], colours[under]) for under in PAGES) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("port", PORTS)
def test_g_21_ports_can_be_seen_on_nodes_and_canvas(theme: str, port: str) -> None:
    colours = COLOURS[theme]

    seen = [contrast(colours[f"port-{port}"], colours[under]) for under in ("surface", "canvas")]

    assert min(seen) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", VISION)
def test_g_21_ports_are_told_apart_by_every_kind_of_eye(theme: str, vision: str) -> None:
    seen = {port: lab(COLOURS[theme][f"port-{port}"], vision) for port in PORTS}

    closest = min(
        (difference(seen[one], seen[other]), one, other) for one, other in combinations(PORTS, 2)
    )

    assert closest[0] >= 12, closest
