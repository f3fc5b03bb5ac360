"""What citizens read: a file a language, and how a text of it is found."""
