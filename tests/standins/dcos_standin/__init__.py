"""A stand-in DC/OS: what a master answers over HTTP, computed from one state. See README.md beside this file."""
