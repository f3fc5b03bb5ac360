"""This face and the register: the signed copies that it keeps, and the sandbox."""
