"""What docs/metrics gives to Prometheus and Grafana: promtool takes it, each alert fires for its fault, and every metric in it exists."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from layout import ROOT

sys.path.insert(0, str(ROOT / "tests" / "contract"))
from harness import packages  # noqa: E402

GIVEN = ROOT / "docs" / "metrics"
HERE = Path(__file__).parent / "metrics"
# As the real Felix 2.6.5 served it, and as dcos.calico.status writes it, held by its unit test.
SOURCES = (ROOT / "tests" / "contract" / "records" / "28-felix-metrics.prom", HERE / "status.prom")
PROMTOOL = packages.Program("promtool", "prometheus", "usr/bin/promtool", "PROMTOOL")
METRIC = re.compile(r"\b(?:felix|dcos_calico)_[a-z_]+")


def promtool(*words: str | Path, text: str = "") -> str:
    argv = [str(packages.find(PROMTOOL)), *map(str, words)]
    done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def known() -> set[str]:
    return {name for path in SOURCES for name in re.findall(r"^# TYPE (\S+) ", path.read_text(), re.MULTILINE)}


def rules() -> list[dict[str, str]]:
    groups = yaml.safe_load((GIVEN / "calico.rules.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def queries() -> Iterator[str]:
    for panel in json.loads((GIVEN / "dashboard.json").read_text(encoding="utf-8"))["panels"]:
        yield from (target["expr"] for target in panel["targets"])


def test_the_configuration_and_the_rules_are_taken(tmp_path: Path) -> None:
    for name in ("prometheus.yml", "calico.rules.yml"):
        shutil.copy(GIVEN / name, tmp_path)
    (tmp_path / "calico-targets.json").write_text('[{"targets": ["10.0.0.5:62091"], "labels": {"host": "agent1"}}]')
    assert f"{len(rules())} rules found" in promtool("check", "config", tmp_path / "prometheus.yml")


def test_each_alert_fires_for_its_fault_and_not_without() -> None:
    promtool("test", "rules", HERE / "rules_test.yml")
    tests = yaml.safe_load((HERE / "rules_test.yml").read_text(encoding="utf-8"))["tests"]
    fires = {alert["alertname"] for test in tests for alert in test["alert_rule_test"] if alert["exp_alerts"]}
    assert fires == {rule["alert"] for rule in rules()}


def test_a_status_is_what_promtool_takes_for_metrics() -> None:
    promtool("check", "metrics", text=(HERE / "status.prom").read_text(encoding="utf-8"))


def test_each_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    recording = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries())]
    for rule in recording:
        rule["record"] = rule["record"].translate(str.maketrans("0123456789", "abcdefghij"))
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": recording}]}))
    promtool("check", "rules", tmp_path / "rules.yml")


def test_no_panel_is_well_where_nothing_is_known() -> None:
    """What has no sample is no 0, and what had one an hour ago is none of now."""
    for panel in json.loads((GIVEN / "dashboard.json").read_text(encoding="utf-8"))["panels"]:
        for target in panel["targets"]:
            assert "vector(" not in target["expr"] and (panel["type"] != "singlestat" or target["instant"]), panel[
                "title"
            ]


@pytest.mark.parametrize("query", [*(rule["expr"] for rule in rules()), *queries()])
def test_every_metric_that_is_asked_for_exists(query: str) -> None:
    assert set(METRIC.findall(query)) <= known()
