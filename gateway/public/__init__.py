"""Face 1: what anybody may ask; for now, whether an answer is genuine."""
