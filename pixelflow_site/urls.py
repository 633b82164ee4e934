"""All routes of the site."""

from django.contrib import admin
from django.contrib.sitemaps.views import index as sitemap_index
from django.contrib.sitemaps.views import sitemap
from django.urls import include, path, re_path
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import RedirectView

import common.http.converters  # noqa: F401 - registers `<rev:…>` and the like
from common.http.plain import api_not_found
from pixelflow_site.health import healthz, readyz
from pixelflow_site.metrics import metrics_page
from pixelflow_site.pages import settings as own_settings
from pixelflow_site.pages import team, workflow_templates, workflows, workspaces
from pixelflow_site.pages.billing import billing_page, billing_return, buy, portal
from pixelflow_site.pages.dev import states
from pixelflow_site.pages.docs import model_docs, model_page, node_docs, node_page
from pixelflow_site.pages.invitations import invitation_page
from pixelflow_site.pages.landing import home, pricing
from pixelflow_site.pages.policies import policy_page
from pixelflow_site.pages.provider_keys import (
    change_policy,
    check_key,
    provider_keys_page,
    remove_key,
    save_key,
)
from pixelflow_site.pages.reviews import review_page
from pixelflow_site.pages.seo import (
    SITEMAPS,
    collection_picture,
    page_picture,
    robots,
    template_picture,
)
from pixelflow_site.pages.sign_in import staff_sign_in
from pixelflow_site.pages.staff import model_list
from pixelflow_site.pages.views import ApiDocsView, SchemaView, error_docs
from pixelflow_site.pages.welcome import welcome
from pixelflow_site.studio import studio_api

handler400 = "common.http.plain.bad_request"
handler403 = "common.http.plain.permission_denied"
handler404 = "common.http.plain.page_not_found"
handler500 = "common.http.plain.server_error"

admin.site.site_header = admin.site.site_title = "Pixelflow"

urlpatterns = [
    path("", home, name="home"),
    path("pricing", pricing, name="pricing"),
    path("robots.txt", robots, name="robots"),
    path("sitemap.xml", sitemap_index, {"sitemaps": SITEMAPS}, name="sitemaps"),
    path(
        "sitemap-<section>.xml",
        sitemap,
        {"sitemaps": SITEMAPS},
        name="django.contrib.sitemaps.views.sitemap",
    ),
    path("og/page/<slug:name>.png", page_picture, name="page-picture"),
    path("og/collection/<slug:key>.png", collection_picture, name="collection-picture"),
    path("og/template/<slug:slug>.png", template_picture, name="template-picture"),
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
    path("dev/states", states),  # with DEBUG alone
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
    path("", include("accounts.http.sign_in_urls")),
    path("", include("templates_gallery.http.page_urls")),
    path("workflows", workflows.workflows_page, name="workflows"),
    path("workflows/<wf:workflow_id>", workflows.workflow_page, name="workflow"),
    path("workflows/<wf:workflow_id>/publish", workflows.publish, name="workflow-publish"),
    path("workflows/<wf:workflow_id>/rename", workflows.rename, name="workflow-rename"),
    path("workflows/<wf:workflow_id>/restore", workflows.restore, name="workflow-restore"),
    path("workflows/<wf:workflow_id>/delete", workflows.delete, name="workflow-delete"),
    path(
        "workflows/<wf:workflow_id>/template",
        workflow_templates.template_form,
        name="workflow-template",
    ),
    path(
        "workflows/<wf:workflow_id>/template/unpublish",
        workflow_templates.unpublish,
        name="workflow-unpublish",
    ),
    path("welcome", welcome, name="welcome"),
    path("settings", own_settings.profile_page, name="settings"),
    path("settings/close", own_settings.close, name="settings-close"),
    path("settings/appearance", own_settings.appearance_page, name="settings-appearance"),
    path("settings/workspace", workspaces.workspace_settings, name="workspace-settings"),
    path("settings/workspace/delete", workspaces.delete, name="workspace-delete"),
    path("workspaces/new", workspaces.new_workspace, name="workspace-new"),
    path("team", team.team_page, name="team"),
    path("team/invite", team.invite, name="team-invite"),
    path("team/resend", team.resend, name="team-resend"),
    path("team/revoke", team.revoke, name="team-revoke"),
    path("team/role", team.set_role, name="team-role"),
    path("team/remove", team.remove, name="team-remove"),
    path("team/leave", team.leave, name="team-leave"),
    path("team/transfer", team.transfer, name="team-transfer"),
    path("invitations/<str:token>", invitation_page, name="invitation"),
    path("terms", policy_page, {"slug": "terms"}, name="terms"),
    path("privacy", policy_page, {"slug": "privacy"}, name="privacy"),
    path("content-policy", policy_page, {"slug": "content-policy"}, name="content-policy"),
    path("admin/models/", admin.site.admin_view(model_list), name="staff-models"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("billing.urls")),
    path("api/v1/", include("executor.urls")),
    path("api/v1/", include("workflows.urls")),
    path("api/v1/", include("templates_gallery.urls")),
    path("api/studio/", studio_api.urls),
    path("media/templates/", include("templates_gallery.http.assets")),
    path("media/", include("executor.http.media")),
    # Last: what no app took. Exempt, because a POST without a token is a 404 here and no 403.
    re_path(r"^api(?:/|$)", csrf_exempt(api_not_found)),
]
