"""Glyphs of node types for drawings, 24 units wide, drawn with strokes.

The shapes are those of Lucide (ISC licence, https://lucide.dev), as the pages' sprite has them; a
drawing carries its own because it is also shown where no sprite is.
"""

from collections.abc import Mapping

GLYPHS: Mapping[str, str] = {
    "image": '<rect width="18" height="18" x="3" y="3" rx="2"/><circle cx="9" cy="9" r="2"/>'
    '<path d="m21 15-3.086-3.086a2 2 0 0 0-2.828 0L6 21"/>',
    "text": '<path d="M12 4v16M4 7V5a1 1 0 0 1 1-1h14a1 1 0 0 1 1 1v2M9 20h6"/>',
    "video": '<rect width="18" height="18" x="3" y="3" rx="2"/>'
    '<path d="M7 3v18M3 7.5h4M3 12h18M3 16.5h4M17 3v18M17 7.5h4M17 16.5h4"/>',
    "audio": '<path d="M2 10v3M6 6v11M10 3v18M14 8v7M18 5v13M22 10v3"/>',
    "number": '<path d="M4 9h16M4 15h16M10 3 8 21M16 3l-2 18"/>',
    "boolean": '<circle cx="9" cy="12" r="3"/><rect width="20" height="14" x="2" y="5" rx="7"/>',
    "list": '<path d="M3 5h.01M3 12h.01M3 19h.01M8 5h13M8 12h13M8 19h13"/>',
    "json": '<path d="M8 3H7a2 2 0 0 0-2 2v5a2 2 0 0 1-2 2 2 2 0 0 1 2 2v5c0 1.1.9 2 2 2h1"/>'
    '<path d="M16 21h1a2 2 0 0 0 2-2v-5c0-1.1.9-2 2-2a2 2 0 0 1-2-2V5a2 2 0 0 0-2-2h-1"/>',
    "output": '<path d="M4 22V4a1 1 0 0 1 .4-.8A6 6 0 0 1 8 2c3 0 5 2 7.333 2q2 0 3.067-.8A1 1 0 0 1'
    ' 20 4v10a1 1 0 0 1-.4.8A6 6 0 0 1 16 16c-3 0-5-2-8-2a6 6 0 0 0-4 1.528"/>',
    "logic": '<path d="M15 6a9 9 0 0 0-9 9V3"/><circle cx="18" cy="6" r="3"/>'
    '<circle cx="6" cy="18" r="3"/>',
    "flow": '<rect width="8" height="8" x="3" y="3" rx="2"/><path d="M7 11v4a2 2 0 0 0 2 2h4"/>'
    '<rect width="8" height="8" x="13" y="13" rx="2"/>',
    "review": '<path d="m16 11 2 2 4-4M16 21v-2a4 4 0 0 0-4-4H6a4 4 0 0 0-4 4v2"/>'
    '<circle cx="9" cy="7" r="4"/>',
    "blocks": '<path d="M10 22V7a1 1 0 0 0-1-1H4a2 2 0 0 0-2 2v12a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-5a1'
    ' 1 0 0 0-1-1H2"/><rect x="14" y="2" width="8" height="8" rx="1"/>',
    "model": '<path d="M11.017 2.814a1 1 0 0 1 1.966 0l1.051 5.558a2 2 0 0 0 1.594 1.594l5.558 1.051a1'
    " 1 0 0 1 0 1.966l-5.558 1.051a2 2 0 0 0-1.594 1.594l-1.051 5.558a1 1 0 0 1-1.966 0l-1.051-5.558a2"
    " 2 0 0 0-1.594-1.594l-5.558-1.051a1 1 0 0 1 0-1.966l5.558-1.051a2 2 0 0 0 1.594-1.594zM20 2v4M22"
    ' 4h-4"/><circle cx="4" cy="20" r="2"/>',
    "model3d": '<path d="M21 8a2 2 0 0 0-1-1.73l-7-4a2 2 0 0 0-2 0l-7 4A2 2 0 0 0 3 8v8a2 2 0 0 0 1'
    ' 1.73l7 4a2 2 0 0 0 2 0l7-4A2 2 0 0 0 21 16ZM3.3 7l8.7 5 8.7-5M12 22V12"/>',
    "any": '<circle cx="12" cy="12" r="9"/>',
}

_OF_CATEGORY: Mapping[str, str] = {
    "Image": "image",
    "Video": "video",
    "Audio": "audio",
    "Text": "text",
    "Numbers": "number",
    "Lists": "list",
    "Logic": "logic",
    "Flow": "flow",
    "Review": "review",
    "Outputs": "output",
    "ComfyUI": "blocks",
}
_OF_INPUT: Mapping[str, str] = {
    "integer": "number",
    "choice": "list",
    "mask": "image",
}


def glyph_of(type_: str, category: str) -> str:
    """Return the name of the glyph of a node type; models and categories unknown here get one too."""
    family, _, name = type_.partition(".")
    if family == "input":
        name = _OF_INPUT.get(name, name)
        return name if name in GLYPHS else "any"
    if category.startswith("Models"):
        return "model"
    return _OF_CATEGORY.get(category, "json" if family in GLYPHS else "any")


def tint_of(type_: str, category: str) -> str:
    """Return by which colour of value the tile of a node type is tinted: that of what it makes."""
    if category.startswith("Models"):
        return _tint_of_model(category.casefold())
    glyph = glyph_of(type_, category)
    return glyph if glyph in _TINTS else "neutral"


_TINTS = frozenset({"image", "video", "audio", "text", "number", "boolean", "json"})


def _tint_of_model(category: str) -> str:
    words = {
        "video": ("to video", "upscale video", "lip sync"),
        "audio": ("speech", "music", "sound", "voice", "audio"),
        "text": ("language", "vision", "to text", "moderation"),
        "json": ("embedding", "3d"),
    }
    # "Speech to text" makes text, so that is asked first.
    for tint in ("text", "video", "audio", "json"):
        if any(word in category for word in words[tint]):
            return tint
    return "image"
