"""Face 2: other agencies ask here, signed; every answer is signed too."""
