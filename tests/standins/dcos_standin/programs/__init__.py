"""Scheduler programs: what runs when a Marathon app starts one of the images named in `registry`."""
