"""The forms by which staff add, change and override models. They check; services save."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from common.clock import utc_date, utc_now
from common.errors import InvalidInputs, NotFound
from workflows.catalogue.model import MAX_PARAMS
from workflows.catalogue.model_files import FileProblem, ModelFileError
from workflows.catalogue.model_writer import ModelDraft, ParamDraft, write_document
from workflows.catalogue.overrides import Override
from workflows.catalogue.providers import PROVIDERS
from workflows.catalogue.tasks import TASKS
from workflows.catalogue.templates import PARAM_TEMPLATES
from workflows.models import CatalogueState, ModelEntry, ModelOverride
from workflows.services.models import (
    MAX_MARGIN,
    check_changed_model,
    check_new_model,
    check_override,
)

PARAM_ROWS = 12
_WORDS = re.compile(r"[,\s]+")


def told(problems: tuple[FileProblem, ...], document: str) -> list[str]:
    """Return what is wrong with a document, each problem with its line as it was written."""
    lines = document.splitlines()
    return [
        f"{problem} — {lines[problem.line - 1].strip()}"
        if 0 < problem.line <= len(lines)
        else str(problem)
        for problem in problems
    ]


class DocumentForm(forms.ModelForm):  # type: ignore[type-arg]
    """A model's document."""

    document = forms.CharField(
        strip=False,
        widget=forms.Textarea(attrs={"rows": 40, "cols": 100, "spellcheck": "false"}),
        help_text="TOML, as in the model files of the release; every problem is told with its line.",
    )

    class Meta:
        model = ModelEntry
        fields = ("document",)

    def clean_document(self) -> str:
        """Refuse what is no model or cannot be saved, with all problems and their lines."""
        document = str(self.cleaned_data["document"]).replace("\r\n", "\n")
        try:
            if self.instance.pk:
                check_changed_model(self.instance.pk, document)
            else:
                check_new_model(document)
        except ModelFileError as error:
            raise ValidationError(told(error.problems, document)) from error
        return document


class NewModelForm(forms.Form):
    """What a model's document needs at least; the rest is changed in the document."""

    key = forms.CharField(max_length=60, help_text="Names the node type: model.<key>.")
    name = forms.CharField(max_length=200)
    vendor = forms.CharField(max_length=200)
    task = forms.ChoiceField(choices=[(name, task.title) for name, task in TASKS.items()])
    description = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    license = forms.CharField(max_length=200, initial="proprietary")
    provider = forms.ChoiceField(choices=[(each.name, each.title) for each in PROVIDERS.values()])
    provider_model = forms.CharField(max_length=200, label="Provider's id of the model")
    price = forms.CharField(
        max_length=1_000,
        required=False,
        help_text="Credits, before the margin: 40, 40 * count, 50 * duration … Empty: not known, "
        "and nobody can run it by the platform's keys.",
    )
    price_source = forms.CharField(
        max_length=200, required=False, help_text="Where the price was read."
    )
    expected_s = forms.FloatField(min_value=0.1, initial=15, label="Seconds that a run takes")


class ParamForm(forms.Form):
    """One parameter: a template, and what differs from it."""

    use = forms.ChoiceField(
        required=False,
        choices=[("", "—"), *((name, name) for name in PARAM_TEMPLATES)],
        label="Parameter",
    )
    default = forms.CharField(required=False, max_length=200)
    minimum = forms.CharField(required=False, max_length=30)
    maximum = forms.CharField(required=False, max_length=30)
    choices = forms.CharField(required=False, max_length=2_000, help_text="Separated by commas.")


ParamRows: Any = forms.formset_factory(ParamForm, extra=PARAM_ROWS, max_num=MAX_PARAMS)


def document_of(model: NewModelForm, rows: Any) -> str:
    """Return the document that a form and its rows of parameters say."""
    given = (row.cleaned_data for row in rows if row.cleaned_data.get("use"))
    params = [
        ParamDraft(
            row["use"],
            row["default"],
            row["minimum"],
            row["maximum"],
            tuple(part.strip() for part in row["choices"].split(",") if part.strip()),
        )
        for row in given
    ]
    draft = ModelDraft(**model.cleaned_data, params=params)
    return write_document(draft, today=utc_date(utc_now()))


class OverrideForm(forms.ModelForm):  # type: ignore[type-arg]
    """What staff decide about a model; what is left empty is as its file says."""

    key = forms.CharField(max_length=60, help_text="A model, shipped or added.")
    price = forms.CharField(
        required=False,
        max_length=1_000,
        help_text="An expression in credits, before the margin. Empty: as its file says.",
    )
    providers = forms.CharField(
        required=False,
        max_length=1_000,
        help_text="The providers that are asked, in this order, separated by commas; others are "
        "not asked. Empty: all, in the order of the file.",
    )
    position = forms.IntegerField(
        required=False, help_text="Lists begin with the lowest. Empty: after those that have one."
    )

    class Meta:
        model = ModelOverride
        fields = ("key", "is_off", "price", "providers", "position", "reason")

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.initial["providers"] = ", ".join(self.initial.get("providers") or [])

    def clean_providers(self) -> list[str]:
        """Return the providers' names."""
        return [word for word in _WORDS.split(self.cleaned_data["providers"]) if word]

    def clean(self) -> dict[str, Any]:
        """Refuse what does not fit the model, each at its field."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return values
        providers = tuple(values["providers"])
        self.override = Override(values["is_off"], values["price"], providers, values["position"])
        try:
            check_override(self.instance.pk or values["key"], self.override)
        except NotFound as error:
            raise ValidationError({"key": "There is no such model."}) from error
        except InvalidInputs as error:
            for issue in error.issues:
                name = issue.path.removeprefix("/")
                self.add_error(name if name in self.fields else None, issue.message)
        return values


class MarginForm(forms.ModelForm):  # type: ignore[type-arg]
    """The margin."""

    margin_percent = forms.DecimalField(
        min_value=0,
        max_value=MAX_MARGIN,
        decimal_places=2,
        label="Margin",
        help_text="Percent on the prices of all models, those that staff set as well.",
    )

    class Meta:
        model = CatalogueState
        fields = ("margin_percent",)
