"""Routes of the gallery under `/api/v1/`."""

from django.urls import path

from templates_gallery.http.api_views import TemplateForkView, TemplateListView, TemplateView

urlpatterns = [
    path("templates", TemplateListView.as_view()),
    path("templates/<slug:slug>", TemplateView.as_view()),
    path("templates/<slug:slug>/fork", TemplateForkView.as_view()),
]
