"""The gallery's pages: lists, a template's own page, and what people do there."""
