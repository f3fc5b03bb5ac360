"""The pages of each face that one walks through, by their addresses."""

DESK = (
    "",
    "/queue",
    "/keys",
    "/letters",
    "/telephone",
    "/calendar",
    "/calendar/days/1405-11-22",
    "/book",
    "/book?part=promises",
    "/book?part=history",
    "/book/categories/row",
    "/figures",
    "/account",
    "/look",
    "/treasury",
    "/treasury/tariffs",
    "/treasury/bills",
    "/treasury/bills/new",
    "/treasury/exceptions",
    "/treasury/refunds",
    "/treasury/files",
    "/treasury/day",
    "/treasury/journal",
    "/treasury/statements",
    "/notices",
    "/notices/templates",
    "/notices/templates/new",
    "/notices/jobs",
    "/notices/jobs/new",
    "/notices/announcements",
    "/notices/announcements/new",
    "/notices/messages",
    "/notices/letters",
    "/notices/opt-out",
    "/notices/looks",
    "/agencies",
    "/agencies/new",
    "/agencies/audit",
)
# All but /laws, which another service tells.
PORTAL = (
    "/",
    "/contact",
    "/contact/new",
    "/contact/track",
    "/inquiry",
    "/bills",
    "/verify",
    "/statistics",
    "/reports",
    "/service",
    "/help",
    "/status",
    "/news",
    "/subscribe",
    "/agreement",
    "/accessibility",
    "/privacy",
)
BOARD = ("/", "/registry/loads")
# Faces of programs, as people see them in a browser.
AGENCY = ("/", "/problems/signature.bad", "/no-such-page")
NOTIFY = ("/", "/no-such-page")
# By how many pixels a page is wider than its window.
WIDE = "document.documentElement.scrollWidth - innerWidth"
