"""Routes of the gallery's pages, at the root of the site."""

from django.urls import path

import common.http.converters  # noqa: F401 - registers `<wf:…>` and the like
from templates_gallery.http.pages.actions import fork, rate, report
from templates_gallery.http.pages.detail import template_page
from templates_gallery.http.pages.feed import feed
from templates_gallery.http.pages.gallery import collection_page, gallery_page
from templates_gallery.http.playground import template_playground, workflow_playground
from templates_gallery.http.shared import shared_run

urlpatterns = [
    path("templates", gallery_page, name="gallery"),
    path("templates.rss", feed, name="gallery-feed"),
    path("templates/c/<slug:key>", collection_page, name="collection"),
    path("templates/<slug:slug>", template_page, name="template"),
    path("templates/<slug:slug>/fork", fork, name="template-fork"),
    path("templates/<slug:slug>/run", template_playground, name="template-run"),
    path("run/<wf:workflow_id>", workflow_playground, name="workflow-run"),
    path("shared/<str:share_id>", shared_run, name="shared-run"),
    path("templates/<slug:slug>/rate", rate, name="template-rate"),
    path("templates/<slug:slug>/report", report, name="template-report"),
]
