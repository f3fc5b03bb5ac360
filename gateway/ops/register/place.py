"""Where the pages of the register stand at the desk."""

from contracts.agencies import desk as contracts
from gateway.ops.counter import Place
from gateway.ops.register import words

AT = "/desk/agencies"
REGISTER = Place(AT, "register", contracts.WHO_AM_I, "register.not_an_officer", words)
