"""All routes of the site."""

from django.contrib import admin
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

import common.http.converters  # noqa: F401 - registers `<rev:…>` and the like
from common.http.plain import api_not_found
from pixelflow_site.health import healthz, readyz
from pixelflow_site.metrics import metrics_page
from pixelflow_site.pages.billing import billing_page, billing_return, buy, portal
from pixelflow_site.pages.docs import model_docs, model_page, node_docs, node_page
from pixelflow_site.pages.provider_keys import (
    change_policy,
    check_key,
    provider_keys_page,
    remove_key,
    save_key,
)
from pixelflow_site.pages.reviews import review_page
from pixelflow_site.pages.sign_in import staff_sign_in
from pixelflow_site.pages.staff import model_list
from pixelflow_site.pages.views import ApiDocsView, SchemaView, error_docs, home
from pixelflow_site.studio import studio_api

handler400 = "common.http.plain.bad_request"
handler403 = "common.http.plain.permission_denied"
handler404 = "common.http.plain.page_not_found"
handler500 = "common.http.plain.server_error"

admin.site.site_header = admin.site.site_title = "Pixelflow"

urlpatterns = [
    path("", home, name="home"),
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics_page),
    re_path(r"^docs/?$", RedirectView.as_view(pattern_name="api-docs")),
    path("docs/api", ApiDocsView.as_view(), name="api-docs"),
    path("docs/nodes", node_docs, name="node-docs"),
    path("docs/nodes/<str:type>", node_page, name="node-page"),
    path("docs/models", model_docs, name="model-docs"),
    path("docs/models/<str:key>", model_page, name="model-page"),
    path("docs/errors", error_docs, name="error-docs"),
    path("api/v1/schema", SchemaView.as_view(), name="schema"),
    path("review/<rev:review_id>/<str:signature>", review_page, name="review"),
    path("admin/login/", staff_sign_in),  # before the admin's own, which has no guard
    path("billing", billing_page, name="billing"),
    path("billing/buy", buy, name="billing-buy"),
    path("billing/portal", portal, name="billing-portal"),
    path("billing/return", billing_return, name="billing-return"),
    path("settings/models", provider_keys_page, name="provider-keys"),
    path("settings/models/save", save_key, name="provider-key-save"),
    path("settings/models/test", check_key, name="provider-key-test"),
    path("settings/models/remove", remove_key, name="provider-key-remove"),
    path("settings/models/policy", change_policy, name="provider-key-policy"),
    path("admin/models/", admin.site.admin_view(model_list), name="staff-models"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("billing.urls")),
    path("api/v1/", include("executor.urls")),
    path("api/v1/", include("workflows.urls")),
    path("api/studio/", studio_api.urls),
    path("media/", include("executor.http.media")),
    # Last: what no app took. Exempt, because a POST without a token is a 404 here and no 403.
    re_path(r"^api(?:/|$)", csrf_exempt(api_not_found)),
]
