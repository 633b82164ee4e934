"""`/shared/<id>`: a run that somebody made public, to whoever has the link; no account needed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from common.errors import Gone, NotFound
from common.http.plain import error_page
from templates_gallery.http.pages.head import Head, cut, cut_title
from templates_gallery.http.playground_inputs import PARAMETER, write_link
from templates_gallery.http.playground_result import ShownFile, ShownValue, as_text
from templates_gallery.selectors.shares import get_shared_run
from templates_gallery.types import ExampleValue, SharedRunView

_HEADERS = {"X-Robots-Tag": "noindex", "Referrer-Policy": "strict-origin-when-cross-origin"}


@never_cache
@require_safe
def shared_run(request: HttpRequest, share_id: str) -> HttpResponse:
    """Show what a run was given and what it gave; 410 once it is shared no more."""
    try:
        run = get_shared_run(share_id)
    except (NotFound, Gone) as error:
        return error_page(request, error)
    context = {
        "run": run,
        "inputs": [_shown(value) for value in run.inputs],
        "outputs": [_shown(value) for value in run.outputs],
        "again": _again(run),
        "head": _head(request, run),
    }
    answer = render(request, "templates_gallery/shared.html", context)
    for name, value in _HEADERS.items():
        answer.headers[name] = value
    return answer


def _again(run: SharedRunView) -> str:
    """Return the playground of the run's template with the words and numbers that it was given."""
    if not run.slug:
        return ""
    link = write_link({value.name: value.value for value in run.inputs if not value.media})
    query = f"?{urlencode({PARAMETER: link})}" if link else ""
    return f"/templates/{run.slug}/run{query}"


def _shown(value: ExampleValue) -> ShownValue:
    files = [ShownFile(media.url, media.kind, media.width, media.height) for media in value.media]
    return ShownValue(value.name, value.title, files, "" if files else as_text(value.value))


def _head(request: HttpRequest, run: SharedRunView) -> Head:
    address = request.build_absolute_uri(request.path)
    told = f"A result of “{run.template_title}”." if run.template_title else "A shared result."
    return Head(
        title=cut_title(f"{run.title} | Pixelflow"),
        description=cut(f"{run.title}. {told}", 155),
        canonical=address,
        picture=request.build_absolute_uri("/og/page/templates.png"),
        picture_alt=run.title,
        is_indexed=False,
    )
