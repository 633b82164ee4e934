"""The door of the gallery: what the site may use of it."""

from templates_gallery.selectors.copies import origin_of_workflow
from templates_gallery.selectors.details import get_template
from templates_gallery.selectors.gallery import (
    all_cards,
    collections,
    count_listed,
    featured,
    get_card,
    newest,
    related,
    search,
)
from templates_gallery.selectors.own import find_own_template, list_own_templates
from templates_gallery.selectors.shares import find_share, get_shared_run
from templates_gallery.services.fields import LICENCES
from templates_gallery.services.forks import ensure_trial, fork_template
from templates_gallery.services.loading import load_library
from templates_gallery.services.opinions import rate_template, report_template
from templates_gallery.services.runs import rate_output, record_run, share_run, unshare_run
from templates_gallery.services.submissions import submit_template, unpublish_template
from templates_gallery.types import (
    CATEGORIES,
    VISITOR,
    Category,
    ExampleMedia,
    ExampleValue,
    ExampleView,
    GalleryPage,
    GalleryQuery,
    GallerySort,
    LoadReport,
    Origin,
    OwnTemplate,
    SharedRunView,
    Shelf,
    TemplateCard,
    TemplateDetail,
    TemplateFields,
    TemplateStatus,
    Viewer,
)

__all__ = [
    "CATEGORIES",
    "LICENCES",
    "VISITOR",
    "Category",
    "ExampleMedia",
    "ExampleValue",
    "ExampleView",
    "GalleryPage",
    "GalleryQuery",
    "GallerySort",
    "LoadReport",
    "Origin",
    "OwnTemplate",
    "SharedRunView",
    "Shelf",
    "TemplateCard",
    "TemplateDetail",
    "TemplateFields",
    "TemplateStatus",
    "Viewer",
    "all_cards",
    "collections",
    "count_listed",
    "ensure_trial",
    "featured",
    "find_own_template",
    "find_share",
    "fork_template",
    "get_card",
    "get_shared_run",
    "get_template",
    "list_own_templates",
    "load_library",
    "newest",
    "origin_of_workflow",
    "rate_output",
    "rate_template",
    "record_run",
    "related",
    "report_template",
    "search",
    "share_run",
    "submit_template",
    "unpublish_template",
    "unshare_run",
]
