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


def __getattr__(name):
    # For branches that still import helpers from here; goes when none does.
    from tests import databases, environments, processes, stacks, stores, waiting

    name = {"told_by": "run_main", "programs": "run_programs"}.get(name, name)
    for module in (waiting, processes, stores, databases, environments, stacks):
        if name in vars(module) and not name.startswith("pytest"):
            return vars(module)[name]
    raise AttributeError(name)
