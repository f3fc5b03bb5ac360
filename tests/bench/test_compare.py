"""`make bench QUICK=1` shows each figure beside the one that was committed."""

from bench.compare import compare

PAGE = """
<!-- ask -->
| stack | connections | requests/s | p50 ms | p95 ms | p99 ms |
|---|---|---|---|---|---|
| Mirab | 1 | 116 | 8.0 | 11.0 | 16.8 |
| Mirab | 64 | 700 | 82.3 | 116.0 | 146.0 |

| ratio of requests/s | 1 connections | 64 connections |
|---|---|---|
| Mirab / stock nameko | 1.1 | 3.0 |
<!-- /ask -->
<!-- notices -->
| notices | figure |
|---|---|
| accepted a second | 1,795 |
<!-- /notices -->
"""


def test_a_figure_has_its_ratio_to_that_of_the_same_row_and_column():
    today = (
        "| stack | connections | requests/s | p50 ms | p95 ms | p99 ms |\n"
        "|---|---|---|---|---|---|\n"
        "| Mirab | 64 | 1400 | 41.2 | 116.0 | 292.0 |\n\n"
        "| ratio of requests/s | 1 connections | 64 connections |\n|---|---|---|\n"
        "| Mirab / stock nameko | 2.2 | 6.0 |"
    )
    shown = compare("ask", PAGE, today)
    assert "| Mirab | 64 | 1400 (2.00) | 41.2 (0.50) | 116.0 (1.00) | 292.0 (2.00) |" in shown
    assert "| Mirab / stock nameko | 2.2 (2.00) | 6.0 (2.00) |" in shown


def test_a_figure_with_thousands_or_a_unit_is_compared_too():
    today = "| notices | figure |\n|---|---|\n| accepted a second | 3590 |"
    assert "| accepted a second | 3590 (2.00) |" in compare("notices", PAGE, today)


def test_a_row_that_was_never_committed_stands_alone():
    today = "| notices | figure |\n|---|---|\n| read back a second | 3590 |"
    assert "| read back a second | 3590 |" in compare("notices", PAGE, today)
