"""What is somebody's own: the one door by a code, a lost secret, and "my matters" by a mobile."""
