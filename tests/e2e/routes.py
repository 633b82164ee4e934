"""Every page of the site, for tests that look at all of them."""

from typing import Any

# A template whose run asks no model, so that anybody may run it at once, and one that is paid.
LOCAL = "quote-card"
PAID = "lifestyle-scenes"

PUBLIC = (
    "/",
    "/pricing",
    "/templates",
    "/templates?q=poster&local=1",
    "/templates?q=zzqqxxyy",
    "/templates/c/product-photos",
    f"/templates/{LOCAL}",
    f"/templates/{LOCAL}/run",
    f"/templates/{LOCAL}/report",
    "/docs/nodes",
    "/docs/nodes/image.resize",
    "/docs/models",
    "/docs/errors",
    "/terms",
    "/privacy",
    "/content-policy",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/login/code/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
)

# Answered with 404, and still pages of ours.
MISSING = ("/nothing-here", "/templates/nothing-here", "/invitations/nothing-here")


def member_paths(demo: dict[str, Any]) -> tuple[str, ...]:
    """Return the pages of somebody who is signed in; `demo` as in `Site.demo`."""
    workflow = demo["workflowId"]
    return (
        "/",
        "/templates",
        f"/templates/{LOCAL}",
        f"/templates/{LOCAL}/run",
        "/workflows",
        "/workflows?q=zzqqxxyy",
        f"/workflows/{workflow}",
        f"/workflows/{workflow}/template",
        f"/run/{workflow}",
        "/billing",
        "/team",
        "/settings",
        "/settings/appearance",
        "/settings/models",
        "/settings/workspace",
        "/workspaces/new",
        "/welcome",
        "/accounts/email/",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/2fa/totp/activate/",
        "/accounts/sessions/",
        "/accounts/3rdparty/",
        "/accounts/logout/",
    )
