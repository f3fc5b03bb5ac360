"""Member agencies: their documents, the signed copies of the register, and what they may do."""
