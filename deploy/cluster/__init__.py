"""A cluster on one machine: nodes on addresses of their own, and what is done to them."""
