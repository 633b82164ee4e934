"""What search engines read of a page: JSON-LD in a script element."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_AS_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}


@register.simple_tag(takes_context=True)
def json_ld(context: template.Context, parts: Sequence[Mapping[str, Any]]) -> SafeString:
    """Write structured data so that nothing in it ends the script element."""
    if not parts:
        return SafeString("")
    document = {"@context": "https://schema.org", "@graph": list(parts)}
    text = json.dumps(document, ensure_ascii=False).translate(_AS_ESCAPES)
    return format_html(
        '<script type="application/ld+json" nonce="{}">{}</script>',
        context.get("CSP_NONCE", ""),
        mark_safe(text),  # noqa: S308 - <, > and & are escaped above
    )
