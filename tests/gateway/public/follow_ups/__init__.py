"""The question weeks after the end of a request, from its pages to the desk."""
