"""Forking by one press, and by way of signing up; a link from elsewhere forks nothing."""

import pytest
from django.test import Client

from tests.factories import make_template
from tests.http.templates_gallery.test_template_pages import browser_of
from workflows.api import list_workflows

pytestmark = pytest.mark.django_db


def names_in(workspace):
    return [workflow.name for workflow in list_workflows(workspace.id, limit=10)]


def sign_in(browser, user, django_user_model):
    """As signing up does: the session goes on under a new key."""
    browser.force_login(django_user_model.objects.get(pk=user.id))


def test_one_press_forks_and_lands_on_the_fork(owner, workspace, django_user_model):
    card = make_template(title="Shout it out")
    browser = browser_of(owner, django_user_model)

    response = browser.post(
        f"/templates/{card.slug}/fork", {"workspace": workspace.id}, follow=True
    )

    path, status = response.redirect_chain[-1]
    assert (status, path.startswith("/workflows/wf_")) == (302, True)
    page = response.content.decode()
    assert "Forked from Shout it out v1" in page
    assert names_in(workspace) == ["Shout it out"]


def test_a_visitor_signs_up_and_the_fork_follows(owner, workspace, django_user_model):
    card = make_template(title="Shout it out")
    browser = Client()

    pressed = browser.post(f"/templates/{card.slug}/fork")
    assert pressed.headers["Location"] == f"/accounts/signup/?next=/templates/{card.slug}/fork"
    sign_in(browser, owner, django_user_model)
    landed = browser.get(f"/templates/{card.slug}/fork")

    assert landed.headers["Location"].startswith("/workflows/wf_")
    assert names_in(workspace) == ["Shout it out"]


def test_the_fork_that_follows_happens_once(owner, workspace, django_user_model):
    card = make_template()
    browser = Client()
    browser.post(f"/templates/{card.slug}/fork")
    sign_in(browser, owner, django_user_model)

    landed = [browser.get(f"/templates/{card.slug}/fork") for _ in range(3)]

    assert landed[-1].headers["Location"] == f"/templates/{card.slug}"
    assert len(names_in(workspace)) == 1


def test_a8_a_link_forks_nothing(owner, workspace, django_user_model):
    card, other = make_template(), make_template()
    browser = browser_of(owner, django_user_model)

    assert browser.get(f"/templates/{card.slug}/fork").headers["Location"].endswith(card.slug)
    visitor = Client()
    visitor.post(f"/templates/{other.slug}/fork")
    sign_in(visitor, owner, django_user_model)
    visitor.get(f"/templates/{card.slug}/fork")  # another than was asked for

    assert names_in(workspace) == []


def test_an_intent_of_somebody_elses_making_is_no_intent(owner, workspace, django_user_model):
    card = make_template()
    browser = browser_of(owner, django_user_model)
    session = browser.session
    session["fork_intent"] = f'{{"slug": "{card.slug}"}}'
    session.save()

    browser.get(f"/templates/{card.slug}/fork")

    assert names_in(workspace) == []


def test_t4_a_fork_goes_into_no_workspace_of_a_stranger(
    owner, workspace, stranger_workspace, django_user_model
):
    card = make_template()
    browser = browser_of(owner, django_user_model)

    response = browser.post(f"/templates/{card.slug}/fork", {"workspace": stranger_workspace.id})

    assert response.status_code == 404
    assert names_in(stranger_workspace) == names_in(workspace) == []


def test_a_template_that_is_not_there_is_not_forked(owner, workspace, django_user_model):
    browser = browser_of(owner, django_user_model)

    assert browser.post("/templates/never-was/fork").status_code == 404
    assert Client().post("/templates/never-was/fork").status_code == 404
