"""The page: its structure, read by a parser, and that nothing of strangers is markup in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from ansible_collections.dcos.calico.plugins.plugin_utils import _status_page

from ...support import status_facts as facts

VOID = {"meta", "br"}
HOSTILE = "</td></table><script src=//evil.example/x.js>alert(1)</script>\"' onload=x <img src=http://evil.example>&{{ 7*7 }}\x1b[31m\u202e"


class Page(HTMLParser):
    """What a page is made of: elements as (name, attributes, parent), and the text of each."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None], str]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == [], "elements that are not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), self.open[-1] if self.open else ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), self.open[-1]))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes, _parent in self.elements if tag == name]

    @property
    def text(self) -> str:
        return " ".join(data for tag, data in self.texts if tag != "style")


def broken(total: int) -> dict[str, Any]:
    """A document with something in every part."""
    results: list[Any] = facts.cluster(total)
    results[1] = {"unreachable": True, "msg": "No route to host"}
    results[2]["calico_node"]["bgp"]["peers"] = [facts.peer(n, n not in (0, 3)) for n in range(total) if n != 2]
    for number in (0, 3):
        results[number]["calico_node"]["bgp"]["peers"] = [facts.peer(n, n != 2) for n in range(total) if n != number]
    results[3]["etcd"][0].update(endpoint="https://10.0.0.9:2379", certificate="client", error="bad certificate")
    endpoints = [(f"192.168.1.{n}", facts.address(0)) for n in range(9)]
    return facts.document(results, datastore=facts.datastore(total + 1, endpoints))


@pytest.fixture(params=[1, 4, 200])
def shown(request: pytest.FixtureRequest) -> Page:
    document = broken(request.param) if request.param > 3 else facts.document(facts.cluster(1))
    return Page(_status_page.page(document))


def test_the_page_needs_nothing_of_anybody(shown: Page) -> None:
    names = {tag for tag, _attributes, _parent in shown.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "embed", "base", "form", "image", "use"}
    for _tag, attributes, _parent in shown.elements:
        assert not [
            name for name in attributes if name.startswith("on") or name in ("src", "srcset", "style", "action")
        ]
        assert (attributes.get("href") or "#").startswith("#")
    style = "".join(data for tag, data in shown.texts if tag == "style")
    assert "url(" not in style and "@import" not in style
    policy = next(one for one in shown.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == "default-src 'none'; style-src 'unsafe-inline'"


def test_ids_are_unique_and_every_reference_has_one(shown: Page) -> None:
    ids = [attributes["id"] for _tag, attributes, _parent in shown.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    references = {(attributes["href"] or "")[1:] for attributes in shown.all("a")}
    for _tag, attributes, _parent in shown.elements:
        references.update((attributes.get("aria-labelledby") or "").split())
    assert references <= set(ids)


def test_it_has_a_language_a_title_landmarks_and_headings_in_order(shown: Page) -> None:
    assert shown.all("html")[0]["lang"] == "en" and [data for tag, data in shown.texts if tag == "title"][0]
    assert [len(shown.all(name)) for name in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    assert all("aria-labelledby" in section for section in shown.all("section"))
    levels = [int(tag[1]) for tag, _attributes, _parent in shown.elements if re.fullmatch(r"h[1-6]", tag)]
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:]))


def test_tables_have_captions_and_heads_with_a_scope_and_scroll_by_keyboard(shown: Page) -> None:
    tables = shown.all("table")
    assert len(tables) == len(shown.all("caption")) == len(shown.all("thead")) and tables
    assert {one.get("scope") for one in shown.all("th")} == {"col", "row"}
    regions = [one for one in shown.all("div") if one.get("class") == "scroll"]
    assert len(regions) == len(tables) and all(one["tabindex"] == "0" and one["aria-label"] for one in regions)


def test_every_picture_has_a_text_or_is_hidden_from_who_listens(shown: Page) -> None:
    for picture in shown.all("svg"):
        assert picture.get("aria-hidden") == "true" or (picture["role"] == "img" and picture["aria-labelledby"])


def test_a_state_is_told_by_words_beside_its_colour(shown: Page) -> None:
    signs = [one for one in shown.all("span") if (one.get("class") or "").startswith("sign ")]
    assert signs and all(one["aria-hidden"] == "true" for one in signs)
    assert shown.text.count("critical: ") >= len([one for one in signs if one["class"] == "sign critical"])


def test_the_matrix_of_200_nodes_is_small_and_has_the_worst_first() -> None:
    document = broken(200)
    page = _status_page.page(document)
    assert len(page) < 400_000
    shown = Page(page)
    paths = {one["class"]: one["d"] or "" for one in shown.all("path")}
    assert document["sessions"]["nodes"][0] == "agent2" and len(document["sessions"]["down"]) == 2
    assert sorted(re.findall(r"M(\d+ \d+)", paths["down"])) == ["0 1", "0 2", "1 0", "2 0"]
    assert paths["self"].count("M") == 200 and paths["unseen"] == ""


def test_missing_sessions_are_told_by_the_node_that_could_not_be_asked_or_misses_more() -> None:
    down = [
        {"from": one, "to": other, "says": "start"} for one, other in (("a", "c"), ("a", "d"), ("b", "c"), ("b", "d"))
    ]
    assert _status_page._missing(down, ["c", "d"]) == [["c", "2", "a, b", "start"], ["d", "2", "a, b", "start"]]
    assert [row[:3] for row in _status_page._missing(down[:2], [])] == [["a", "2", "c, d"]]


def test_a_certificate_is_well_where_it_is_read_and_does_not_end_soon() -> None:
    results = facts.cluster(4)
    for number, end in enumerate(("2026-12-12T03:00:00Z", "2027-11-29T03:50:00Z", "2026-11-29T03:50:00Z", None)):
        results[number]["certificates"] = [{"path": "/c.crt", "not_after": end, "error": "no PEM"}]
    document = facts.document(results)
    assert [_status_page._of_certificate(item) for item in document["certificates"]] == [
        "critical",
        "warning",
        "ok",
        "unknown",
    ]
    assert "not read: no PEM" in _status_page.page(document)


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2 between two colours."""

    def light(colour: str) -> float:
        digits = colour.lstrip("#")
        digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
        parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    brighter, darker = sorted((light(one), light(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def test_every_colour_of_text_has_the_contrast_of_aa_in_light_and_dark() -> None:
    palettes = [dict(re.findall(r"--(\w+): (#\w+)", part)) for part in _status_page.STYLE.split("@media (prefers")[:2]]
    assert len(palettes) == 2
    for palette in palettes:
        for name in ("text", "soft", "link", "ok", "critical", "warning", "notice", "unknown", "none"):
            for ground in ("page", "card"):
                assert contrast(palette[name], palette[ground]) >= 4.5, (name, ground)
        assert contrast(palette["text"], palette["code"]) >= 4.5
        assert contrast(palette["critical"], palette["well"]) >= 3, "parts of the matrix"
        assert min(contrast(palette["unseen"], palette[other]) for other in ("critical", "well")) >= 1.5


def spoilt(value: Any) -> Any:
    """A document in which each text of a host is hostile."""
    if isinstance(value, dict):
        return {key: spoilt(part) for key, part in value.items()}
    if isinstance(value, list):
        return [spoilt(part) for part in value]
    return HOSTILE if isinstance(value, str) else value


def test_what_hosts_say_is_text_wherever_it_stands() -> None:
    """Not through the document, which makes it printable first: the page holds by itself."""
    document = broken(4)
    plain = Page(_status_page.page(document))
    words = {**dict.fromkeys(("what", "why", "remedy", "command"), HOSTILE), "hosts": [HOSTILE]}
    hostile = {**document, "problems": [{**problem, **words} for problem in document["problems"]]}
    for part in ("addresses", "versions", "leftovers", "not_looked_at", "made"):
        hostile[part] = spoilt(document[part])
    hostile["summary"] = {**document["summary"], "verdict": HOSTILE}
    hostile["agents"] = [
        {**agent, "name": HOSTILE, "address": HOSTILE, "checks": {name: {**one, "text": HOSTILE} for name, one in agent["checks"].items()}}
        for agent in document["agents"]
    ]  # fmt: skip
    hostile["certificates"] = [
        {**one, "endpoint": HOSTILE, "text": HOSTILE, "hosts": [HOSTILE]} for one in document["certificates"]
    ]
    shown = Page(_status_page.page(hostile))
    assert {tag for tag, _attributes, _parent in shown.elements} == {
        tag for tag, _attributes, _parent in plain.elements
    }
    assert shown.text.count("alert(1)") > 30


def test_hostile_facts_come_out_printable() -> None:
    results = facts.cluster(2)
    results[1]["dcos"]["version"] = results[1]["docker"]["version"] = HOSTILE
    results[1]["executables"][0]["version"] = HOSTILE
    results[1]["calico_node"]["bgp"]["peers"][0].update(established=False, info=HOSTILE, address=HOSTILE)
    page = _status_page.page(facts.document(results))
    assert "<script" not in page and "\x1b" not in page and "\u202e" not in page and "alert(1)" in Page(page).text


def test_parts_that_are_no_markup_are_escaped_by_being_text() -> None:
    made = _status_page.element("p", "<b>", _status_page.element("i", "x"), class_='"<')
    assert made == '<p class="&quot;&lt;">&lt;b&gt;<i>x</i></p>'
