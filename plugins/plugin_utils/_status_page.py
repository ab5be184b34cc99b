# Copyright (c) 2026, dcos.calico maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A status as one HTML page that needs nothing else: no script, no font, no picture and no style of anybody else. Pure.

Text is escaped by being text: only what is Html goes in as it is, and only element() makes it.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.dcos.calico.plugins.plugin_utils._findings import counted, some
from ansible_collections.dcos.calico.plugins.plugin_utils._status import ENDING
from ansible_collections.dcos.calico.plugins.plugin_utils._status_hosts import CHECKS, NONE, OK, UNKNOWN
from ansible_collections.dcos.calico.plugins.plugin_utils._status_problems import CRITICAL, NOTICE, WARNING

# What stands beside each colour.
SIGNS = {OK: "✓", CRITICAL: "✗", WARNING: "!", NOTICE: "i", UNKNOWN: "?", NONE: "–"}
NAMES = {OK: "well", CRITICAL: "critical", WARNING: "warning", NOTICE: "notice", UNKNOWN: "not looked at", NONE: "does not apply"}  # fmt: skip
EMPTY = ("br", "meta", "rect", "path")
# Rows of a table that may have very many; all are in the JSON.
MOST_NODES, MOST_BLOCKS = 50, 64
STYLE = """
:root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --text: #1b1f24; --soft: #545b66; --line: #d3d8df; --link: #0b5cad;
  --ok: #176d3a; --critical: #b3141f; --warning: #8a5300; --notice: #0b5cad; --unknown: #5b5f68; --none: #5b5f68; --well: #cfe8d8; --unseen: #8b94a1;
  --code: #eef0f3; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171b; --card: #1d2127; --text: #e6e9ed; --soft: #a5adb8; --line: #3a414b; --link: #7db8f5;
    --ok: #6fce94; --critical: #ff8f8f; --warning: #f0b95a; --notice: #7db8f5; --unknown: #a5adb8; --none: #a5adb8; --well: #24452f;
    --unseen: #7d8794; --code: #282e36; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
.skip { position: absolute; left: -99em; } .skip:focus { left: 1em; top: 1em; background: var(--card); padding: .5em; }
header, main, footer { max-width: 84rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; } h1 { margin: 0; font-size: 1.6rem; } h2 { font-size: 1.2rem; margin: 0 0 .5rem; }
.verdict { font-size: 1.15rem; margin: .25rem 0; } .soft { color: var(--soft); } footer { padding-bottom: 2rem; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; } a { color: var(--link); }
section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
.tiles { list-style: none; display: flex; flex-wrap: wrap; gap: .75rem; padding: 0; margin: 1rem 0; }
.tiles li { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem 1rem; min-width: 8rem; flex: 1; }
.tiles strong { display: block; font-size: 1.5rem; }
.problems { list-style: none; padding: 0; margin: 0; } .problems > li { border-left: .3rem solid; padding: .25rem 0 .25rem .75rem; margin: 0 0 1rem; }
.problems h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; } .problems p { margin: .15rem 0; color: var(--text); overflow-wrap: anywhere; }
.scroll { overflow-x: auto; position: relative; }
.scroll:focus-visible, pre:focus-visible, summary:focus-visible, a:focus-visible { outline: 3px solid var(--link); }
table { border-collapse: collapse; width: 100%; font-size: .93rem; } caption { text-align: left; color: var(--soft); padding: .25rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; } thead th { white-space: nowrap; }
td { max-width: 24rem; overflow-wrap: break-word; } td, tbody th { min-width: 5.5rem; } .short { white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
pre { background: var(--code); color: var(--text); margin: .35rem 0; padding: .5rem .75rem; border-radius: .3rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
.sign { display: inline-block; min-width: 1.1em; font-weight: 700; } summary { cursor: pointer; padding: .4rem 0; }
.ok { color: var(--ok); } .critical { color: var(--critical); } .warning { color: var(--warning); } .notice { color: var(--notice); }
.unknown { color: var(--unknown); } .none { color: var(--none); } .state { white-space: nowrap; }
.mesh { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; } .mesh > div { flex: 1 1 24rem; min-width: 0; }
.matrix { width: min(100%, 26rem); height: auto; border: 1px solid var(--line); }
.matrix .up { fill: var(--well); } .matrix .down { fill: var(--critical); } .matrix .unseen { fill: var(--unseen); } .matrix .self { fill: var(--card); }
.legend { list-style: none; padding: 0; margin: .25rem 0; } .legend svg { width: 1em; height: 1em; vertical-align: -.1em; margin-right: .4em; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
@media (max-width: 40rem) {
  td { min-width: 9rem; } td.number { min-width: 5.5rem; }
  section { padding: .75rem; } .tiles li { min-width: 45%; } header, main, footer { padding-left: .5rem; padding-right: .5rem; } }
@media print { nav { display: none; } section { break-inside: avoid; } }
"""


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *parts: str, **attributes: str | None) -> Html:
    """An element; of its parts and attributes everything that is no Html is escaped. C(class_) is class, C(name_) is name, C(aria_label) is aria-label."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY:
        return Html(f"<{name}{given}>") if name in ("br", "meta") else Html(f"<{name}{given}/>")
    return Html(f"<{name}{given}>{joined(*parts)}</{name}>")


def joined(*parts: str) -> Html:
    """Parts one after the other, escaped where they are text."""
    return Html("".join(part if isinstance(part, Html) else html.escape(part) for part in parts))


def _state(state: str, words: str) -> Html:
    """A state as sign and words; the sign's name is for those who do not see it."""
    name = "" if state in (OK, NONE) else element("span", f"{NAMES[state]}: ", class_="hidden")
    return joined(
        element("span", SIGNS[state], class_=f"sign {state}", aria_hidden="true"),
        name,
        element("span", words, class_=state),
    )


def _table(
    caption: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    numbers: Sequence[int] = (),
    short: Sequence[int] = (),
) -> Html:
    """A table that scrolls by itself where it is too wide; each row's first cell is its head."""

    def kind(place: int) -> str | None:
        return "number" if place in numbers else "short" if place in short else None

    lines = [
        element(
            "tr",
            element("th", row[0], scope="row"),
            *(element("td", cell, class_=kind(place)) for place, cell in enumerate(row[1:], 1)),
        )
        for row in rows
    ]
    columns = [element("th", title, scope="col", class_=kind(place)) for place, title in enumerate(head)]
    table = element(
        "table", element("caption", caption), element("thead", element("tr", *columns)), element("tbody", *lines)
    )
    return element("div", table, class_="scroll", tabindex="0", role="region", aria_label=caption)


def _section(name: str, title: str, *parts: str) -> Html:
    return element(
        "section", element("h2", title, id=f"{name}-title"), *parts, id=name, aria_labelledby=f"{name}-title"
    )


def _details(summary: str, *parts: str) -> Html:
    return element("details", element("summary", summary), *parts)


def _problems(found: Mapping[str, Any]) -> Html:
    cards = []
    for problem in found["problems"]:
        parts: list[Html] = [element("h3", _state(problem["severity"], problem["what"]))]
        if problem["hosts"]:
            parts.append(element("p", element("strong", "Where: "), some(problem["hosts"], 12)))
        parts += [element("p", element("strong", "Why: "), problem["why"])] if problem["why"] else []
        parts += [element("p", problem["remedy"])] if problem["remedy"] else []
        parts += [element("pre", element("code", problem["command"]), tabindex="0")] if problem["command"] else []
        cards.append(element("li", *parts, class_=problem["severity"]))
    body = element("ol", *cards, class_="problems") if cards else element("p", _state(OK, "Nothing."))
    return _section("next", "What to do next", body)


def _agents(found: Mapping[str, Any]) -> Html:
    def table(caption: str, agents: Sequence[Mapping[str, Any]]) -> Html:
        rows = [
            [
                agent["name"],
                agent["address"],
                *(_state(agent["checks"][name]["state"], agent["checks"][name]["text"]) for name in CHECKS),
            ]
            for agent in agents
        ]
        return _table(
            caption,
            ["Host", "Address", *(title if name != "host" else "DC/OS" for name, title in CHECKS.items())],
            rows,
        )

    bad = [agent for agent in found["agents"] if agent["state"] not in (OK, NONE)]
    well = [agent for agent in found["agents"] if agent["state"] in (OK, NONE)]
    parts = [table("Hosts with something to see to, the worst first", bad)] if bad else []
    if well:
        caption = f"{counted(len(well), 'host')} where all is well"
        whole = table(caption, well)
        parts.append(_details(caption, whole) if len(well) > 12 or bad else whole)
    return _section("agents", "Hosts by checks", *parts)


def _matrix(sessions: Mapping[str, Any]) -> Html:
    """A square for each pair of nodes, those with the most missing sessions first; only what is missing is drawn."""
    nodes = sessions["nodes"]
    size, place = len(nodes), {name: number for number, name in enumerate(nodes)}
    pairs = [(place[pair["from"]], place[pair["to"]]) for pair in sessions["down"] if pair["to"] in place]
    silent = sorted(place[name] for name in sessions["silent"])
    unseen = [(one, other) for number, one in enumerate(silent) for other in silent[number + 1 :]]
    words = (
        f"Each row and column is one of {counted(size, 'node')}, those with the most missing sessions first. {counted(len(pairs), 'pair')} without "
        f"a session, as the table of missing sessions says; {counted(len(unseen), 'pair')} of which neither side could be asked."
    )
    return element(
        "svg",
        element("title", "BGP sessions between nodes", id="matrix-title"),
        element("desc", words, id="matrix-text"),
        element("rect", width=str(size), height=str(size), class_="up"),
        element("path", d=_squares(unseen), class_="unseen"),
        element("path", d=_squares(pairs), class_="down"),
        element("path", d="".join(f"M{number} {number}h1v1h-1z" for number in range(size)), class_="self"),
        viewBox=f"0 0 {size} {size}",
        role="img",
        aria_labelledby="matrix-title matrix-text",
        class_="matrix",
        shape_rendering="crispEdges",
    )


def _squares(pairs: Iterable[tuple[int, int]]) -> str:
    return "".join(f"M{one} {other}h1v1h-1zM{other} {one}h1v1h-1z" for one, other in pairs)


def _key(kind: str, words: str) -> Html:
    square = element(
        "svg",
        element("rect", width="1", height="1", class_=kind),
        viewBox="0 0 1 1",
        class_="matrix",
        aria_hidden="true",
    )
    return element("li", square, words)


def _missing(down: Sequence[Mapping[str, Any]], silent: Sequence[str]) -> list[list[str]]:
    """Rows of a table: nodes with the sessions that they miss, each session once, by a node that could not be asked or that misses more."""
    counts: dict[str, int] = {}
    for pair in down:
        for name in (pair["from"], pair["to"]):
            counts[name] = counts.get(name, 0) + 1
    others: dict[str, list[str]] = {}
    says: dict[str, dict[str, None]] = {}
    for pair in down:
        one, other = sorted((pair["from"], pair["to"]), key=lambda name: (name not in silent, -counts[name], name))
        others.setdefault(one, []).append(other)
        says.setdefault(one, {})[pair["says"]] = None
    names = sorted(others, key=lambda name: (-len(others[name]), name))
    return [[name, str(len(others[name])), some(others[name], 6), some(list(says[name]), 2)] for name in names]


def _sessions(found: Mapping[str, Any]) -> Html:
    sessions = found["sessions"]
    text = f"{sessions['established']} of {counted(sessions['pairs'], 'session')} established."
    if sessions["unknown"]:
        text += f" Of {counted(sessions['unknown'], 'pair')} neither side could be asked."
    parts: list[Html] = []
    if len(sessions["nodes"]) > 1:
        legend = element(
            "ul",
            _key("up", "session established"),
            _key("down", "no session"),
            _key("unseen", "neither side could be asked"),
            class_="legend",
        )
        parts.append(element("div", _matrix(sessions), legend))
    rows = _missing(sessions["down"], sessions["silent"])
    if rows:
        rest = (
            f", the first {MOST_NODES} of {len(rows)} nodes; all pairs are in the JSON"
            if len(rows) > MOST_NODES
            else ""
        )
        caption = f"Missing sessions, each by the node that misses more{rest}"
        parts.append(element("div", _table(caption, ["Node", "Missing", "With", "BIRD says"], rows[:MOST_NODES], (1,))))
    return _section("sessions", "BGP sessions", element("p", text), element("div", *parts, class_="mesh"))


def _addresses(found: Mapping[str, Any]) -> Html:
    space = found["addresses"]
    if not space["known"]:
        return _section("addresses", "Addresses", element("p", _state(UNKNOWN, "The datastore was not looked at.")))
    rows, blocks = [], []
    for pool in space["pools"]:
        rows.append(
            [
                pool["cidr"] + (" (disabled)" if pool["disabled"] else ""),
                f"{pool['used']} ({pool['percent']} %)",
                str(pool["free"]),
                f"{pool['blocks_used']} of {pool['blocks']}",
                str(pool["blocks_left"]),
            ]
        )
        blocks += [
            [block["cidr"], pool["cidr"], f"{block['used']} of {block['size']}", some(block["nodes"], 4)]
            for block in pool["used_blocks"][:MOST_BLOCKS]
        ]
    head = ["Pool", "In use", "Free, at most", "Blocks in use", "Blocks left, at most"]
    parts = [_table("Pools, the fullest first", head, rows, (1, 2, 3, 4))]
    if blocks:
        caption = f"Blocks with addresses in use, the fullest {MOST_BLOCKS} of each pool at most"
        parts.append(_details("Blocks", _table(caption, ["Block", "Pool", "In use", "Nodes"], blocks, (2,))))
    number = space["nodes_without_block"]
    text = f"Nodes without an address in use, which may still need a block: {number}. {space['forecast_why']}"
    return _section("addresses", "Addresses", *parts, element("p", text))


def _version(expected: str | None, version: str, words: str) -> str:
    return words if expected is None else _state(OK if expected == version else WARNING, words)


def _versions(found: Mapping[str, Any]) -> Html:
    table = found["versions"]
    rows = []
    for component in table["components"]:
        expected = component["expected"]
        seen = [
            joined(_version(expected, version, f"{version}: {some(hosts, 5)}"), element("br"))
            for version, hosts in component["found"].items()
        ]
        rows.append([component["name"], expected or "any", joined(*seen)])
    text = f"The inventory has Calico {table['release']}; {table['recommended']} is recommended."
    notes = [element("ul", *(element("li", note) for note in table["notes"]))] if table["notes"] else []
    caption = "Versions beside those that belong to the release"
    return _section(
        "versions", "Versions", element("p", text), *notes, _table(caption, ["What", "Expected", "Found"], rows)
    )


def _of_certificate(item: Mapping[str, Any]) -> str:
    if item["state"] == "valid" and item["days_left"] < ENDING:
        return WARNING
    return {"accepted": OK, "valid": OK, "unknown": UNKNOWN}.get(item["state"], CRITICAL)


def _certificates(found: Mapping[str, Any]) -> Html:
    rows = [
        [
            item["endpoint"],
            _state(_of_certificate(item), item["text"]),
            "" if item["days_left"] is None else str(item["days_left"]),
            some(item["hosts"], 5),
        ]
        for item in found["certificates"]
    ]
    if not rows:
        return _section("certificates", "Certificates", element("p", "No host that answered uses TLS with etcd."))
    table = _table("TLS with etcd", ["Endpoint or file", "State", "Days left", "Hosts"], rows)
    return _section("certificates", "Certificates", table)


def _leftovers(found: Mapping[str, Any]) -> Html:
    rows = [[item["node"], item["address"], str(item["endpoints"])] for item in found["leftovers"]]
    if not rows:
        return _section("leftovers", "Left behind", element("p", "No node without a host was found."))
    table = _table("Nodes of the datastore without a host", ["Node", "Address", "Endpoints"], rows, (2,))
    return _section("leftovers", "Left behind", table)


def _unseen(found: Mapping[str, Any]) -> Html:
    return _section("unseen", "Not looked at", element("ul", *(element("li", text) for text in found["not_looked_at"])))


PARTS = {
    "next": ("What to do next", _problems),
    "agents": ("Hosts", _agents),
    "sessions": ("BGP sessions", _sessions),
    "addresses": ("Addresses", _addresses),
    "versions": ("Versions", _versions),
    "certificates": ("Certificates", _certificates),
    "leftovers": ("Left behind", _leftovers),
    "unseen": ("Not looked at", _unseen),
}


def _tiles(found: Mapping[str, Any]) -> Html:
    summary, sessions = found["summary"], found["sessions"]
    counts = [(str(number), severity, severity) for severity, number in summary["problems"].items()]
    counts += [
        (f"{summary['well']}/{summary['hosts']}", "hosts well", OK if summary["well"] == summary["hosts"] else WARNING)
    ]
    state = OK if sessions["established"] == sessions["pairs"] and not sessions["silent"] else WARNING
    counts += [(f"{sessions['established']}/{sessions['pairs']}", "BGP sessions", state)]
    items = [
        element("li", element("strong", number, class_=OK if number == "0" else state), words)
        for number, words, state in counts
    ]
    return element("ul", *items, class_="tiles", aria_label="Summary")


def page(found: Mapping[str, Any]) -> str:
    """The whole page of a document as _status.document() makes it."""
    links = [element("li", element("a", title, href=f"#{name}")) for name, (title, _part) in PARTS.items()]
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"),
        element("meta", name_="color-scheme", content="light dark"),
        element("title", "Calico status"),
        element("style", Html(STYLE)),
    )
    body = element(
        "body",
        element("a", "To what to do next", href="#next", class_="skip"),
        element(
            "header",
            element("h1", "Calico status"),
            element("p", found["summary"]["verdict"], class_="verdict"),
            element("p", "Looked at ", element("time", found["made"], datetime=found["made"]), class_="soft"),
            _tiles(found),
            element("nav", element("ul", *links), aria_label="Sections"),
        ),
        element("main", *(part(found) for _title, part in PARTS.values())),
        element("footer", element("p", "Made by dcos.calico.status. Nothing was changed on any host.", class_="soft")),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"
