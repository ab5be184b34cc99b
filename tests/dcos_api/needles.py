"""Secrets in every form in which they could come to light, and where they did."""

from __future__ import annotations

import base64
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator
from pathlib import Path

# A shorter text is found by chance.
SHORTEST = 12
# Of secrets nobody named: a private key, and a token that was issued meanwhile.
KEY_HEADER = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
TOKEN = re.compile(rb"eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{20,}")


def parts(secret: str) -> Iterator[str]:
    """A secret; of one with more lines, such as a key, each line by itself; and what of them no writing that leaves letters alone could change."""
    lines = (
        [secret]
        if "\n" not in secret.strip()
        else [line for line in secret.splitlines() if not line.startswith("-----")]
    )
    for line in lines:
        if len(line) >= SHORTEST:
            yield line
            yield from (run for run in re.findall(r"[A-Za-z0-9]+", line) if SHORTEST <= len(run) < len(line))


def forms(text: str) -> dict[str, bytes]:
    """A text as it could be written down, by the name of the writing."""
    raw = text.encode()
    found = {
        "as it is": raw,
        "as JSON": json.dumps(text)[1:-1].encode(),
        "as JSON, not ASCII": json.dumps(text, ensure_ascii=False)[1:-1].encode(),
        "as JSON in JSON": json.dumps(json.dumps(text)[1:-1])[1:-1].encode(),
        "as Python": repr(text)[1:-1].encode(),
        "as JSON in Python": repr(json.dumps(text)[1:-1])[1:-1].encode(),
        "as URL": urllib.parse.quote(text, safe="").encode(),
        "as path": urllib.parse.quote(text).encode(),
        "as form": urllib.parse.quote_plus(text).encode(),
        "for a shell": text.replace("'", "'\"'\"'").encode(),
        "in hexadecimal": raw.hex().encode(),
    }
    for offset in range(3):
        # In the middle of something longer; what its neighbours have a share in is left out.
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            whole = encode(b"\0" * offset + raw)
            found[f"as {name} at {offset}"] = whole[4 if offset else 0 : len(whole) - 4]
    return found


class Needles:
    """Secrets by name. `generic`: look for any private key and any token, too."""

    def __init__(self, secrets: dict[str, str], generic: bool = True) -> None:
        self.secrets = secrets
        self._generic = generic
        named = (
            (f"{name} {how}", form)
            for name, secret in secrets.items()
            for part in parts(secret)
            for how, form in forms(part).items()
        )
        self._forms = {form: name for name, form in reversed(list(named)) if len(form) >= SHORTEST}

    def found_in(self, content: bytes) -> list[str]:
        """Names of the secrets, and how they are written, in a content."""
        names = [name for form, name in self._forms.items() if form in content]
        if self._generic:
            names += [
                name for name, pattern in (("a private key", KEY_HEADER), ("a token", TOKEN)) if pattern.search(content)
            ]
        return sorted(set(names))

    def found_below(self, *places: Path, but: Iterable[Path] = ()) -> list[str]:
        """The same for files, their names included, without `but`."""
        left_out = set(but)
        files = [
            file
            for place in places
            for file in ([place] if place.is_file() else sorted(place.rglob("*")))
            if file not in left_out
        ]
        seen = []
        for file in files:
            content = file.read_bytes() if file.is_file() and not file.is_symlink() else b""
            seen += [f"{file}: {name}" for name in self.found_in(str(file).encode() + b"\0" + content)]
        return seen
