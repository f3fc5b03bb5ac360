"""Where the pages of the register stand at the desk."""

from contracts.agencies import desk as contracts
from gateway.ops.register import words
from gateway.ops.staff.pages import Place

AT = "/desk/agencies"
REGISTER = Place(AT, "register", contracts.WHO_AM_I, "register.not_an_officer", words)
