"""The library in the database: idempotent, versions only for what runs, what is gone is removed."""

from dataclasses import replace

import pytest

from templates_gallery.models import Template, TemplateVersion
from templates_gallery.selectors.live import LiveIndex, get_revision
from templates_gallery.services.loading import load_library
from templates_gallery.services.moderation import take_down_template
from templates_gallery.types import Example
from tests.executor.mode_runs import paint
from tests.executor.simulated import write_models
from tests.factories import library_template, make_graph, make_own_template
from tests.graphs import graph
from tests.templates_gallery.staff import STAFF

pytestmark = pytest.mark.django_db

PICTURE = graph(
    {
        "in": ("input.image", {"name": "photo"}),
        "size": ("image.resize", {"width": 64, "height": 64}),
        "out": ("output", {"name": "picture"}),
        "side": ("output", {"name": "again"}),
    },
    ["in.value -> size.image", "size.image -> out.value", "size.image -> side.value"],
)


def test_a_second_load_changes_nothing_and_says_so(django_assert_max_num_queries):
    templates = [library_template(slug="one"), library_template(slug="two")]
    first = load_library(templates)
    revision = get_revision()

    with django_assert_max_num_queries(6):
        second = load_library(templates)

    assert first.added == ("one", "two")
    assert (second.is_quiet, second.unchanged) == (True, 2)
    assert get_revision() == revision == 1
    assert TemplateVersion.objects.count() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"graph": make_graph(case="lower")},
        {"examples": (Example("Other", {"text": "x"}, None, is_simulated=True),)},
    ],
)
def test_another_graph_or_example_is_a_new_version(change):
    template = library_template(slug="one")
    load_library([template])

    report = load_library([replace(template, **change)])

    assert report.updated == ("one",)
    assert Template.objects.across_workspaces().values_list("current__number", flat=True).get() == 2


def test_other_words_are_no_new_version():
    template = library_template(slug="one")
    load_library([template])

    report = load_library([replace(template, title="Another title", tags=("new",))])

    row = Template.objects.across_workspaces().select_related("current").get()
    assert row.current is not None
    assert report.changed == ("one",)
    assert (row.title, row.tags, row.current.number) == ("Another title", ["new"], 1)
    assert "another title" in row.search_text


def test_what_is_gone_from_the_library_is_removed_and_comes_back():
    one, two = library_template(slug="one"), library_template(slug="two")
    load_library([one, two])

    gone = load_library([one])
    back = load_library([one, two])

    assert gone.removed == ("two",)
    assert back.changed == ("two",)
    assert Template.objects.across_workspaces().get(slug="two").status == "listed"


def test_what_staff_took_down_stays_down():
    template = library_template(slug="one")
    load_library([template])
    take_down_template(
        actor=STAFF, template_id=Template.objects.across_workspaces().get().pk, note="Broken"
    )

    load_library([template])

    assert Template.objects.across_workspaces().get().status == "removed"


def test_a_graph_with_problems_is_refused_and_the_last_good_one_stays():
    good = library_template(slug="one")
    load_library([good])
    broken = make_graph()
    broken["nodes"][1]["type"] = "no.such"

    report = load_library([replace(good, graph=broken), library_template(slug="two")])

    assert report.added == ("two",)
    assert [item.slug for item in report.refused] == ["one"]
    assert "no.such" in report.refused[0].problems[0]
    (kept,) = TemplateVersion.objects.filter(template__slug="one")
    assert kept.graph == good.graph


def test_a_users_slug_is_not_taken_from_them(workspace):
    own = make_own_template(workspace)

    report = load_library([library_template(slug=own.slug)])

    assert [item.slug for item in report.refused] == [own.slug]
    assert Template.objects.across_workspaces().get(slug=own.slug).source == "user"


def test_facets_of_a_local_template():
    example = Example(
        "A cup",
        {"photo": {"asset": "_assets/cup.jpg"}},
        {
            "again": {"asset": "a/b.png", "kind": "image", "mimeType": "image/png"},
            "picture": {"asset": "a/c.png", "kind": "image", "mimeType": "image/png", "width": 64},
        },
        is_simulated=False,
    )

    load_library([library_template(slug="one", graph=PICTURE, examples=(example,))])

    row = Template.objects.across_workspaces().get()
    assert (row.input_kinds, row.modality, row.model_keys) == (["image"], "image", [])
    assert (row.is_local, row.node_count, row.credits, row.max_credits) == (True, 4, 0, 0)
    (card,) = LiveIndex()().cards
    assert card.cover is not None
    assert card.before is not None
    assert (card.cover.asset, card.cover.width) == ("a/c.png", 64)  # the first output, not by name
    assert card.cover.url == "/static/library/a/c.png"
    assert (card.before.asset, card.before.kind) == ("_assets/cup.jpg", "image")


def test_facets_of_a_template_with_a_model(staff_catalogue):
    write_models("text-to-image")

    load_library([library_template(slug="one", graph=paint(), examples=())])

    row = Template.objects.across_workspaces().get()
    assert (len(row.model_keys), row.is_local, row.modality) == (1, False, "image")
    assert 0 < row.credits <= row.max_credits
    assert row.expected_ms > 0
