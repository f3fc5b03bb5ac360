"""HTML pages: templates, how values are written on a page, style sheets, guides."""
