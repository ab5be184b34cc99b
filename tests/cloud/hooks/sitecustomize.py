"""In every Python of a run, by PYTHONPATH: what goes to Google's compute API goes to the test's own server, whatever module asks."""

import importlib.machinery
import os
import sys

API = "https://compute.googleapis.com"
PLACE = os.environ.get("CALICO_TEST_GCE")


class Finder:
    """Changes requests.sessions as it is loaded; importing it here would slow every program down."""

    def find_spec(self, name, path=None, target=None):
        if name != "requests.sessions":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            original = module.Session.request
            module.Session.request = lambda session, method, url, *args, **kwargs: original(
                session, method, url.replace(API, PLACE), *args, **kwargs
            )

        spec.loader.exec_module = exec_module
        return spec


if PLACE:
    sys.meta_path.insert(0, Finder())
