"""Forms and what they carry: files, seals, ids of acts."""
