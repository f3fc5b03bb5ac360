"""A service that exists to be hurt: the kernel's promises are tried on it, on the real broker."""
