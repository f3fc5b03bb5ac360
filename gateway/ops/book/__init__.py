"""The pages of the desk's book: units, categories, promises, offices, prepared texts."""
