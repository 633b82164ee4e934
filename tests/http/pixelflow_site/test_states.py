"""`/dev/states`: the components and the five states of a list, for whoever builds pages."""

import re

from django.test import Client


def test_g_36_the_states_are_shown_while_building(settings) -> None:
    settings.DEBUG = True

    response = Client().get("/dev/states")

    page = response.content.decode()
    assert response.status_code == 200
    for state in ("Loading", "Empty, first time", "Empty, filtered", "Error", "Partial"):
        assert f"<h3>{state}</h3>" in page
    assert "Succeeded" in page
    assert re.search(r'<use href="/static/dist/assets/icons-[\w-]+\.svg#circle-check"', page)


def test_the_states_are_no_page_of_the_product() -> None:
    assert Client().get("/dev/states").status_code == 404
