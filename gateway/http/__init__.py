"""HTTP itself: request heads and bodies, addresses, origins, languages, problem details."""
