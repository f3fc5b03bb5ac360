"""How the suite runs; what tests stand on is in the modules named here, one job each."""

from collections import Counter

from hypothesis import settings

pytest_plugins = ["tests.processes", "tests.stores", "tests.databases", "tests.stacks"]

# A busy machine is slow now and then; speed is measured in bench/, never here.
settings.register_profile("mirab", deadline=None)
settings.load_profile("mirab")


def pytest_collection_modifyitems(items):
    """Files of few tests come first: they start processes, and two workers then end together."""
    sizes = Counter(item.path for item in items)
    items.sort(key=lambda item: (sizes[item.path], str(item.path)))
