"""BIRD of an agent, spoken to as birdcl does; stand-ins have no birdcl."""

from __future__ import annotations

from support.lab import Host

PROGRAM = """
import re, socket, sys
client = socket.socket(socket.AF_UNIX)
client.settimeout(10)
client.connect("/var/run/calico/bird.ctl")

def reply():
    text = b""
    while not re.search(rb"(^|\\n)\\d{4} [^\\n]*\\n\\Z", text):
        part = client.recv(4096)
        if not part:
            sys.exit("BIRD ended amid its reply")
        text += part
    return text.decode()

reply()
client.sendall(sys.argv[1].encode() + b"\\n")
print(reply())
"""


def tell(agent: Host, words: str, *, check: bool = True) -> str:
    """Its reply to a command; empty, unless that is to be an error, where nobody answers."""
    return agent.out("/opt/lab/bin/python3", "-c", PROGRAM, words, check=check)
