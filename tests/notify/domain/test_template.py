"""Templates are filled in: placeholders, conditions, lists; no value becomes markup."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.errors import RuleBroken
from services.notify.domain.markup import document, render
from services.notify.domain.template import complete, filled, key, placeholders

BODY = """# سلام ((name))
متن با [پیوند](https://mirab.example/x?code=((code))) و ((note))
دنباله همان بند

* یک
* ((items))
^ مهم: ((note))
---
1. نخست
2. دوم
((late??دیر شد، ((name)).))"""


class Tags(HTMLParser):
    """The tags, links and text of a piece of HTML."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.text += data


def values(**more):
    return {
        "name": "علی",
        "code": "12",
        "note": "باشد",
        "items": ["دو", "سه"],
        "late": "no",
        **more,
    }


def test_placeholders_are_named_once_in_their_order_also_within_conditions():
    assert placeholders([BODY, "((NAME)) ((other))"]) == [
        "name",
        "code",
        "note",
        "items",
        "late",
        "other",
    ]


def test_names_are_equal_whatever_their_case_blanks_and_underscores():
    assert filled("((First Name))", {"first_name": "علی"}) == "علی"
    assert key("کد‌رهگیری") == key("کد رهگیری")


def test_what_is_missing_is_named_and_what_is_too_much_is_ignored():
    with pytest.raises(RuleBroken) as refused:
        complete(["((a)) ((b)) ((c))"], {"b": "1", "z": "2"})
    assert [f.field for f in refused.value.fields] == ["personalisation.a", "personalisation.c"]
    assert refused.value.code == "template.placeholder_missing"


@pytest.mark.parametrize(
    ("late", "reply"), [("yes", "a, late"), ("بله", "a, late"), ("no", "a"), ("", "a")]
)
def test_a_condition_shows_its_text_if_the_value_says_yes(late, reply):
    assert filled("a((late??, late))", {"late": late}) == reply


def test_a_list_is_an_enumeration_in_a_sentence_and_points_in_a_letter():
    assert filled("((items))", {"items": ["یک", "دو", "سه"]}) == "یک، دو و سه"
    assert filled("((items))", {"items": ["one", "two"]}, "en") == "one and two"
    assert filled("((items))", {"items": []}) == ""
    rendered = render("((items))", {"items": ["یک", "دو"]}, "fa")
    assert rendered.text == "• یک\n• دو"
    assert rendered.html == "<ul><li><bdi>یک</bdi></li><li><bdi>دو</bdi></li></ul>"


def test_markup_of_the_author_becomes_html_and_plain_text():
    rendered = render(BODY, values(late="yes"), "fa")
    match = Tags(rendered.html)
    assert [t for t in match.tags if t not in ("bdi", "br", "li")] == [
        "h2",
        "p",
        "a",
        "ul",
        "blockquote",
        "hr",
        "ol",
        "p",
    ]
    assert match.links == ["https://mirab.example/x?code=12"]
    assert "پیوند: https://mirab.example/x?code=12" in rendered.text
    assert "• یک\n• دو\n• سه" in rendered.text
    assert rendered.text.endswith("2. دوم\n\nدیر شد، علی.")


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "[click](https://evil.example)",
        "# big",
        "* point",
        "((code))",
        "https://evil.example",
        "x\n# heading\n---",
        "]( javascript:alert(1))",
        '" onload="x',
        "&lt;b&gt;",
        "\0" + "1",
    ],
)
def test_a_value_never_becomes_markup(attack):
    good, bad = (Tags(render(BODY, values(note=n), "fa").html) for n in ("باشد", attack))
    assert [t for t in bad.tags if t != "br"] == [t for t in good.tags if t != "br"]
    assert bad.links == good.links
    assert filled("((note))", values(note=attack)) == attack


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_no_text_at_all_adds_a_tag_or_a_link(note):
    good, bad = (Tags(render(BODY, values(note=n), "fa").html) for n in ("باشد", note))
    assert [t for t in bad.tags if t != "br"] == [t for t in good.tags if t != "br"]
    assert bad.links == good.links


def test_a_value_within_a_link_stays_a_part_of_it():
    match = Tags(render(BODY, values(code="a/../&b=c d"), "fa").html)
    assert match.links == ["https://mirab.example/x?code=a%2F..%2F%26b%3Dc%20d"]


def test_a_value_may_be_a_whole_link_only_where_the_author_wants_one():
    body = "[اینجا](((url)))"
    assert Tags(render(body, {"url": "https://a.example/b"}, "fa").html).links == [
        "https://a.example/b"
    ]
    for wrong in ("javascript:alert(1)", "a.example", "https://a b", 'https://a"b'):
        with pytest.raises(RuleBroken) as refused:
            render(body, {"url": wrong}, "fa")
        assert refused.value.code == "template.value"


def test_a_link_of_another_kind_is_only_text():
    assert Tags(render("[x](javascript:alert(1))", {}, "fa").html).links == []


def test_the_page_of_an_email_has_the_direction_of_its_language():
    for language, direction in (("fa", "rtl"), ("en", "ltr")):
        page = document("a <b>", "<p>x</p>", language, "آب & co")
        assert f'<html lang="{language}" dir="{direction}">' in page
        assert "<title>a &lt;b&gt;</title>" in page
        assert "آب &amp; co" in page
        assert not re.search(r"https?://", page), "an e-mail of ours loads nothing"
