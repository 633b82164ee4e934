"""The one question after sign-up: what somebody wants to make first, and into a template with it."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.api import set_first_interest
from templates_gallery.api import CATEGORIES, Category, GalleryQuery, search

# The tiles: what most people come for. The gallery has the others.
OFFERED = (
    "product-photos",
    "ads-social",
    "characters",
    "portraits",
    "video",
    "developer-blocks",
)
GALLERY = "/templates"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def welcome(request: HttpRequest) -> HttpResponse:
    """Ask what to make first; take the answer and open a template of that kind, filled in."""
    if request.method != "POST":
        return render(request, "pixelflow_site/welcome.html", {"tiles": _tiles()})
    chosen = request.POST.get("category", "")
    if chosen not in OFFERED:
        return redirect("welcome")
    set_first_interest(user_id=str(request.user.pk), category=chosen)
    return HttpResponseRedirect(_first_template(chosen))


def _tiles() -> list[Category]:
    known = {category.key: category for category in CATEGORIES}
    return [known[key] for key in OFFERED]


def _first_template(category: str) -> str:
    """Return the way to a template of a category that costs nothing to try, else to its shelf."""
    for local in (True, False):
        page = search(GalleryQuery(categories=(category,), local=local, page_size=1))
        if page.cards:
            return f"{GALLERY}/{page.cards[0].slug}/run"
    return f"{GALLERY}/c/{category}"
