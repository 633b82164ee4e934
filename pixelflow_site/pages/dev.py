"""`/dev/states`: every component and the states of a list, to look at while building. DEBUG only."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from common.templatetags.components import LOOKS, PORT_TYPES

SAMPLE = """curl -X POST https://pixelflow.example/api/v1/workflows/wf_1/execute \\
  -H "Authorization: Bearer $API_KEY" \\
  -d '{"inputs": {"caption": "Hello"}}'"""


class SampleForm(forms.Form):
    """A form with one field of each kind."""

    name = forms.CharField(max_length=60, help_text="Shown to the members of the workspace.")
    email = forms.EmailField(label="E-mail")
    password = forms.CharField(widget=forms.PasswordInput)
    notes = forms.CharField(widget=forms.Textarea, required=False)
    plan = forms.ChoiceField(choices=[("free", "Free"), ("pro", "Pro")])
    role = forms.ChoiceField(
        widget=forms.RadioSelect, choices=[("viewer", "Viewer"), ("editor", "Editor")]
    )
    agreed = forms.BooleanField(label="I have read the terms")


@require_safe
def states(request: HttpRequest) -> HttpResponse:
    """Show the components; 404 where DEBUG is off."""
    if not settings.DEBUG:
        raise Http404
    if "toasts" in request.GET:
        messages.success(request, "Saved.")
        messages.error(request, "This image is 42 MP; the model takes up to 16.")
    return render(request, "pixelflow_site/dev/states.html", _shown())


def _shown() -> dict[str, Any]:
    wrong = SampleForm({"name": "", "email": "not an address", "plan": "pro", "role": "viewer"})
    return {
        "form": SampleForm(),
        "wrong": wrong,
        "variants": ["primary", "secondary", "ghost", "danger"],
        "tones": ["accent", "ok", "warn", "err", "info"],
        "states": list(LOOKS),
        "ports": [*sorted(PORT_TYPES), "any", "list[image]"],
        "page": Paginator(range(240), 24).page(4),
        "sample": SAMPLE,
    }
