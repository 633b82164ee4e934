"""Roles, and the text of people's names and addresses."""

from itertools import pairwise

import pytest

from accounts.types import (
    PERMISSIONS,
    Permission,
    Role,
    clean_email,
    clean_line,
    clean_name,
)


def test_each_role_may_do_what_the_one_below_may_and_more():
    roles = list(Role)

    assert roles == [Role.VIEWER, Role.RUNNER, Role.EDITOR, Role.ADMIN, Role.OWNER]
    for below, above in pairwise(roles):
        assert above.outranks(below)
        assert not below.outranks(above)
        assert PERMISSIONS[below] < PERMISSIONS[above]


@pytest.mark.parametrize(
    ("permission", "weakest"),
    [
        (Permission.VIEW, Role.VIEWER),
        (Permission.RUN, Role.RUNNER),
        (Permission.UPLOAD, Role.RUNNER),
        (Permission.EDIT_WORKFLOWS, Role.EDITOR),
        (Permission.MANAGE_WEBHOOKS, Role.EDITOR),
        (Permission.MANAGE_KEYS, Role.ADMIN),
        (Permission.MANAGE_MEMBERS, Role.ADMIN),
        (Permission.MANAGE_PROVIDER_KEYS, Role.ADMIN),
        (Permission.MANAGE_WORKSPACE, Role.ADMIN),
        (Permission.MANAGE_BILLING, Role.OWNER),
        (Permission.TRANSFER_WORKSPACE, Role.OWNER),
        (Permission.DELETE_WORKSPACE, Role.OWNER),
    ],
)
def test_a_permission_starts_at_its_role(permission, weakest):
    allowed = [role for role in Role if role.allows(permission)]

    assert allowed == list(Role)[weakest.rank :]


def test_names_are_trimmed_and_normalised():
    assert clean_name("  Ame\u0301lie ") == "Am\u00e9lie"
    assert clean_name("مرحبا 👩\u200d🚀") == "مرحبا 👩\u200d🚀"
    assert clean_line("  ") == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "a\x00b",
        "a\nb",
        "x" * 101,
        "x" * 10_000,
        "\u202eevil",
        "a\u2066b",
        "a\u2028b",
        "\ud800",
    ],
)
def test_A12_names_with_control_characters_or_too_long_are_refused(text):
    with pytest.raises(ValueError, match="may"):
        clean_name(text)


def test_addresses_have_one_spelling():
    assert clean_email(" Ada@Example.COM ") == "ada@example.com"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "ada@",
        "ada@exa mple.com",
        "a\x00da@example.com",
        "\u202eada@example.com",
        "x" * 10_000 + "@example.com",
        "ada@" + "x" * 10_000 + ".com",
        "ada@example.com\nbcc: b@example.com",
    ],
)
def test_A12_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match=r"may|is not"):
        clean_email(text)
