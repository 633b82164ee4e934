"""The template node knows names and seven filters, and nothing else."""

import pytest

from tests.workflows.node_context import run_node, spec
from workflows.catalogue.errors import NodeFailed


def fill(template, values=None, **wired):
    return run_node("text.template", template=template, values=values or {}, extra=wired).text


def ports(template):
    return [port.name for port in spec("text.template").node.ports_for({"template": template})]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("A {{ subject }} in {{style}}", "A red fox in OIL "),
        ("{{ style | trim | lower }}", "oil"),
        ("{{ subject|upper }}", "RED FOX"),
        ("{{ subject | truncate:3 }}", "red"),
        ("{{ count }} {{ half }} {{ whole }} {{ yes }}", "3 0.5 2 true"),
        ('{"n": {{ list|json }}, "s": {{ subject|json }}}', '{"n": [1, "a"], "s": "red fox"}'),
        ("{{ list }}", '[1, "a"]'),
        ("{{ nothing }}{{ nothing | default:x }}", "x"),
        ("{{ gone | default:plain text }}", "plain text"),
        ("{{ gone | upper | default:'a b' }}", "a b"),
        ("{{ gone | default:x | upper }}", "X"),
        ("{{ gone | default: }}", ""),
        ("{{{ subject }}}", "{red fox}"),
        ("{ subject } {{ }} {{", "{ subject } {{ }} {{"),
        ("", ""),
    ],
)
def test_gaps_are_filled(template, expected):
    values = {
        "subject": "red fox",
        "style": "OIL ",
        "count": 3,
        "half": 0.5,
        "whole": 2.0,
        "yes": True,
        "list": [1, "a"],
        "nothing": None,
    }

    assert fill(template, **values) == expected


def test_a_wired_value_wins_over_one_in_the_object():
    assert fill("{{ a }}{{ b }}", {"a": "object", "b": "!"}, a="wired") == "wired!"


def test_each_name_becomes_a_port_once_in_order():
    assert ports("{{ b }} {{ a | upper }} {{ b }} {{ c.d }} {{ values }}") == ["b", "a"]
    assert ports(7) == []


def test_values_that_are_no_object_are_refused():
    with pytest.raises(NodeFailed) as failed:
        run_node("text.template", template="x", values=[1])

    assert failed.value.code == "invalid_value"
    assert spec("text.template").node.check({"values": [1]})[0][:2] == ("values", "wrong_kind")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ text|attr('x') }}",
        "{{ '%s'|format(text) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% for x in y %}{{ 1 + 1 }}{% endfor %}",
        "{{ text.upper() }}",
        "{{ text[0] }}",
        "{text.__class__} %(text)s ${text} {# text #}",
    ],
)
def test_P1_what_reaches_for_objects_is_literal_text(template):
    assert fill(template, text="t") == template
    assert ports(template) == []


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'A'*1000000000 }}",
        "{{ 'a'|center(900000000) }}",
        "{{ range(10**9) }}",
        "{% set x = 'aa' %}{{ x ~ x }}",
        "{{ text | truncate:99999999999 }}",
    ],
)
def test_P2_what_would_multiply_text_is_literal_text(template):
    assert fill(template, text="t") == template


def test_P4_an_undefined_name_is_an_invalid_value():
    with pytest.raises(NodeFailed, match="missing_name") as failed:
        fill("{{ missing_name }}")

    assert failed.value.code == "invalid_value"


def test_P4_a_value_is_never_read_as_a_template():
    assert fill("{{ a }}", a="{{ b }}", b="{{ a }}") == "{{ b }}"


def test_P4_a_megabyte_of_template_is_refused_when_saved_and_when_run():
    template = "a" * 2**20

    with pytest.raises(NodeFailed) as failed:
        fill(template)

    assert failed.value.code == "resource_limit"
    assert spec("text.template").node.check({"template": template})[0][:2] == (
        "template",
        "out_of_range",
    )


def test_P4_a_hundred_thousand_placeholders_are_bounded():
    node = spec("text.template").node
    template = "".join(f"{{{{ a{number} }}}}" for number in range(100_000))

    assert node.ports_for({"template": template}) == ()
    assert node.check({"template": template})[0][:2] == ("template", "out_of_range")
    with pytest.raises(NodeFailed) as failed:
        fill(template)
    assert failed.value.code == "resource_limit"


def test_P4_more_than_a_hundred_names_are_refused():
    node = spec("text.template").node
    template = "".join(f"{{{{a{number}}}}}" for number in range(101))

    assert node.check({"template": template})[0][:2] == ("template", "out_of_range")
    assert len(node.ports_for({"template": template})) == 100


def test_P4_the_filled_text_ends_at_128_kib():
    assert len(fill("{{ a }}", a="x" * 131_072)) == 131_072
    for template, value in (("{{ a }}", "x" * 131_073), ("{{a}}" * 6_000, "x" * 131_000)):
        with pytest.raises(NodeFailed) as failed:
            fill(template, a=value)
        assert failed.value.code == "resource_limit"


@pytest.mark.parametrize("template", ["{" * 32_768, "{{" + "a" * 32_766, "{{a|" * 8_192])
def test_P4_unclosed_braces_are_read_in_one_pass(template):
    assert fill(template) == template
