"""Markdown that people write, read so that nothing of theirs runs or is fetched from elsewhere."""

from markdown_it import MarkdownIt


def prose_parser() -> MarkdownIt:
    """Return a parser of CommonMark with tables; HTML is shown as text, and there are no pictures.

    A table stands in a region of its own, which moves on a narrow screen, also by keys.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image"])
    parser.add_render_rule("table_open", lambda *_: f"{_OPEN}<table>\n")
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    return parser


_OPEN = '<div class="prose-table" role="region" aria-label="Table" tabindex="0">'
