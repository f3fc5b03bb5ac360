"""The play as a state machine of hypothesis, which looks for the shortest history that fails."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.simulation.world import CONTRACTS, FAULTS, MARKS, World

CALLS = st.lists(
    st.tuples(st.sampled_from(sorted(CONTRACTS)), st.sampled_from(MARKS)), min_size=1, max_size=6
)
SECONDS = st.sampled_from((0.3, 1.0, 4.0, 12.0, 35.0, 4000.0))
STEPS, SEEDS = st.integers(1, 120), st.integers(0, 1 << 16)


def settled(histories, **more):
    """How many histories are played, each of thirty moves at most."""
    return settings(
        max_examples=histories,
        stateful_step_count=30,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        **more,
    )


class Kernel(RuleBasedStateMachine):
    """Faults come between what people ask and what goes on; at the end all must be well."""

    database = None

    def __init__(self):
        super().__init__()
        self.world = World(self.database).__enter__()

    def teardown(self):
        try:
            self.world.end()
        finally:
            self.world.__exit__()

    @rule(calls=CALLS, steps=STEPS, seed=SEEDS)
    def ask(self, calls, steps, seed):
        for operation, mark in calls:
            self.world.ask(operation, mark)
        self.world.go_on(steps, seed)

    @rule(number=st.integers(0, 9))
    def ask_again(self, number):
        self.world.ask_again(number)

    @rule(steps=STEPS, seed=SEEDS)
    def go_on(self, steps, seed):
        self.world.go_on(steps, seed)

    @rule(seconds=SECONDS, steps=STEPS, seed=SEEDS)
    def pass_time(self, seconds, steps, seed):
        self.world.pass_time(seconds)
        self.world.go_on(steps, seed)

    @rule(fault=st.sampled_from(sorted(FAULTS)), part=st.integers(0, 3), more=st.integers(0, 8))
    def fault(self, fault, part, more):
        FAULTS[fault](self.world, part, more)

    @invariant()
    def holds(self):
        self.world.check()


def machine_on(database):
    """The state machine on a database."""
    return type("Kernel", (Kernel,), {"database": database})
