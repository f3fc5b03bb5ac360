"""The section of the desk that has the pages of the register."""

from contracts.agencies import desk as contracts
from gateway.ops.register import words
from gateway.ops.staff.pages import Section

AT = "/desk/agencies"
REGISTER = Section(AT, "register", contracts.WHO_AM_I, "register.not_an_officer", words)
