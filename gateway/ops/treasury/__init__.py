"""The treasury's pages at the desk: tariffs, bills, exceptions, refunds, files, days, papers."""
