"""Entity tags of what is served: a revision, a digest."""


def etag_of(value: object) -> str:
    """Return the entity tag for a revision or digest."""
    return f'"{value}"'


def is_fresh(if_none_match: str | None, etag: str) -> bool:
    """Say whether a client that sent this `If-None-Match` has the content of `etag` already."""
    if if_none_match is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in tags or "*" in tags
