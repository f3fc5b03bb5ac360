"""The states of a bulk job, and the acts that lead from one to another."""

from typing import Literal

from bus.transitions import Transitions

JobState = Literal[
    "RECEIVING", "CHECKING", "CHECKED", "SCHEDULED", "RUNNING", "DONE", "CANCELLED", "REFUSED"
]
JobAct = Literal["complete", "check", "refuse", "start", "schedule", "begin", "finish", "cancel"]
# HELD: of a file of which no rows were made; it lies there for a legal hold alone.
JobRowState = Literal["WAITING", "BAD", "TAKEN", "REFUSED", "CANCELLED", "HELD"]

# A start for later makes SCHEDULED of a checked job; its moment begins it.
TRANSITIONS: Transitions[JobState, JobAct] = Transitions(
    code="job.move",
    refusal="The job is {state}: it can be told to {act} only while it is {states}.",
    table={
        ("RECEIVING", "complete"): "CHECKING",
        ("CHECKING", "check"): "CHECKED",
        ("CHECKING", "refuse"): "REFUSED",
        ("CHECKED", "start"): "RUNNING",
        ("CHECKED", "schedule"): "SCHEDULED",
        ("SCHEDULED", "begin"): "RUNNING",
        ("RUNNING", "finish"): "DONE",
        ("RECEIVING", "cancel"): "CANCELLED",
        ("CHECKING", "cancel"): "CANCELLED",
        ("CHECKED", "cancel"): "CANCELLED",
        ("SCHEDULED", "cancel"): "CANCELLED",
        ("RUNNING", "cancel"): "CANCELLED",
    },
    details=("state",),
)
