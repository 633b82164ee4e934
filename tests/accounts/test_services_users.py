"""Users."""

import pytest
from django.db import IntegrityError, transaction

from accounts.errors import EmailTaken
from accounts.models import User
from accounts.selectors import get_user_by_email
from accounts.services.users import create_user
from accounts.types import SYSTEM_ACTOR
from common.errors import InvalidInputs
from common.ids import is_id


def test_a_user_is_kept_under_one_spelling_of_the_address(db):
    user = create_user(actor=SYSTEM_ACTOR, email="Ada@Example.com", display_name="Ada")

    assert is_id(user.id, "usr")
    assert user.email == "ada@example.com"
    assert get_user_by_email("ADA@example.com ") == user
    assert User.objects.get_by_natural_key("Ada@EXAMPLE.com").pk == user.id


def test_a_second_user_with_another_case_of_the_address_is_refused(db):
    create_user(actor=SYSTEM_ACTOR, email="ada@example.com")

    with pytest.raises(EmailTaken):
        create_user(actor=SYSTEM_ACTOR, email="ADA@EXAMPLE.COM")

    assert User.objects.count() == 1


def test_the_database_refuses_an_address_in_upper_case(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create(id="usr_x", email="Ada@example.com", password="!")


def test_without_a_password_nobody_can_sign_in(db):
    create_user(actor=SYSTEM_ACTOR, email="ada@example.com")

    assert not User.objects.get().has_usable_password()


def test_a_superuser_is_staff(db):
    user = User.objects.create_superuser("Root@example.com", "correct horse")

    assert (user.is_staff, user.is_superuser) == (True, True)
    assert user.check_password("correct horse")


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("email", "a\x00da@example.com", "/email"),
        ("email", "x" * 10_000 + "@example.com", "/email"),
        ("email", "\u202eada@example.com", "/email"),
        ("display_name", "\u202eadA", "/displayName"),
        ("display_name", "x" * 10_000, "/displayName"),
        ("password", "x" * 1_000_000, "/password"),
        ("password", "pass\x00word", "/password"),
        ("password", "", "/password"),
    ],
)
def test_A12_bad_text_is_refused_with_its_path(db, field, value, path):
    fields = {"email": "ada@example.com", field: value}

    with pytest.raises(InvalidInputs) as caught:
        create_user(actor=SYSTEM_ACTOR, **fields)

    assert [issue.path for issue in caught.value.issues] == [path]
    assert not User.objects.exists()


def test_an_address_that_is_none_finds_nobody(db):
    assert get_user_by_email("not an address") is None
