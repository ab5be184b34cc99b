"""Runs one job, or another command: parameters of ansible-runner as JSON on stdin, status, exit code and, of a command, output as JSON on stdout."""

import json
import sys

import ansible_runner

params = json.load(sys.stdin)
if "executable_cmd" in params:
    out, err, code = ansible_runner.run_command(quiet=True, runner_mode="subprocess", **params)
    print(json.dumps({"status": "successful" if code == 0 else "failed", "rc": code, "stdout": out, "stderr": err}))
else:
    done = ansible_runner.run(quiet=True, **params)
    print(json.dumps({"status": done.status, "rc": done.rc}))
