"""The section of the treasury at the desk."""

from contracts.billing import treasury as contracts
from gateway.ops.staff.pages import Section
from gateway.ops.treasury import texts

AT = "/desk/treasury"
TREASURY = Section(AT, "treasury", contracts.WHO_AM_I, "treasury.not_an_officer", texts)
