"""Agents run what was current in 2014: systemd 219 and an iproute that does not speak JSON."""

from __future__ import annotations

import re

PRODUCT = ("plugins/", "roles/", "playbooks/")
# Each with the first systemd that knows it, from systemd's NEWS.
NEWER_DIRECTIVES = {
    220: "USBFunctionDescriptors USBFunctionStrings",
    227: "TasksMax NetClass",
    228: "PassEnvironment",
    229: "AmbientCapabilities RuntimeMaxSec",
    230: "StartLimitIntervalSec IOWeight IOReadBandwidthMax IOWriteBandwidthMax",
    231: "ReadWritePaths ReadOnlyPaths InaccessiblePaths MemoryDenyWriteExecute RestrictRealtime MemoryLow MemoryHigh MemoryMax MemorySwapMax",
    232: "DynamicUser RemoveIPC ProtectKernelTunables ProtectKernelModules ProtectControlGroups PrivateUsers CPUWeight",
    233: "RestrictNamespaces BindPaths BindReadOnlyPaths RootImage",
    235: "StateDirectory CacheDirectory LogsDirectory ConfigurationDirectory RuntimeDirectoryPreserve LockPersonality UnsetEnvironment "
    "KeyringMode IPAddressAllow IPAddressDeny IPAccounting JobRunningTimeoutSec StateDirectoryMode",
    236: "CollectMode FailureAction SuccessAction LogLevelMax TimeoutStartFailureMode",
    238: "TemporaryFileSystem",
    240: "WatchdogSignal LogRateLimitIntervalSec LogRateLimitBurst",
    242: "ProtectHostname",
    243: "ExecCondition OOMPolicy CPUQuotaPeriodSec TimeoutAbortSec",
    244: "ProtectKernelLogs",
    245: "ProtectClock",
    247: "ProtectProc ProcSubset",
    254: "RestartSteps RestartMaxDelaySec",
}
DIRECTIVE = re.compile(rf"^\W*({'|'.join(' '.join(NEWER_DIRECTIVES.values()).split())})\s*=", re.MULTILINE)
FORBIDDEN = {
    "Exec...= with the prefix + or ! (systemd 231)": re.compile(
        r"^\W*Exec(?:Start|Stop|Reload)\w*=\s*[-@]*[+!]", re.MULTILINE
    ),
    "a value that systemd 219 does not know": re.compile(
        r"^\W*(?:Type=exec|ProtectSystem=strict|ProtectHome=tmpfs|Standard(?:Output|Error)=(?:file|append|truncate):)",
        re.MULTILINE,
    ),
    "systemctl --value (230) or --now (220)": re.compile(r"systemctl[^\n]*\s['\"]?--(?:value|now)\b"),
    "ip with JSON output": re.compile(r"\bip\b['\"]?,?\s+(?:['\"]?-\w+['\"]?,?\s+)*['\"]?-(?:j|json)\b"),
}


def _product(texts: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in texts.items() if name.startswith(PRODUCT)}


def test_units_keep_to_systemd_219(texts: dict[str, str]) -> None:
    assert not [
        f"{name}: {found.group(1)}" for name, text in _product(texts).items() for found in DIRECTIVE.finditer(text)
    ]


def test_start_limits_stand_in_the_service_section(texts: dict[str, str]) -> None:
    """systemd 219 reads StartLimitInterval and StartLimitBurst there only."""
    misplaced = []
    for name, text in _product(texts).items():
        for section in re.split(r"(?=^\W*\[[A-Z]\w+\]\s*$)", text, flags=re.MULTILINE):
            if re.match(r"\W*\[Unit\]", section) and re.search(r"^\W*StartLimit\w+\s*=", section, re.MULTILINE):
                misplaced.append(name)
    assert not misplaced


def test_nothing_newer_is_called(texts: dict[str, str]) -> None:
    assert not [
        f"{name}: {what}"
        for name, text in _product(texts).items()
        for what, pattern in FORBIDDEN.items()
        if pattern.search(text)
    ]


def test_the_patterns_find_what_they_are_for() -> None:
    for bad in (
        "ExecStartPre=+/bin/true",
        "  ExecStart=-!/x",
        "Type=exec",
        "systemctl show --value -p X",
        "['ip', '-j', 'addr']",
        "ip -4 -j route",
    ):
        assert any(pattern.search(bad) for pattern in FORBIDDEN.values()), bad
    for good in ("ExecStartPre=-/bin/true", "Type=simple", "systemctl show -p X", "['ip', '-4', 'addr']", "skip -j"):
        assert not any(pattern.search(good) for pattern in FORBIDDEN.values()), good
    assert DIRECTIVE.search("[Service]\nStateDirectory=x") and not DIRECTIVE.search("[Service]\nStartLimitInterval=0")
