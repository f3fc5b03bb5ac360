"""Where holds and people's data stand among the pages of colleagues."""

from gateway.ops.privacy import texts
from gateway.ops.staff.pages import Section

AT = "/desk/privacy"
PRIVACY = Section(AT, "privacy", None, "", texts, of_agencies=False)
