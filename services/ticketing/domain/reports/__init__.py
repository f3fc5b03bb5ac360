"""Public reports: how their log reads to everybody, what of them is hidden, who hears of them."""
