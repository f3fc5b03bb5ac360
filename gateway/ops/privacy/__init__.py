"""Legal holds, and what people ask about their own data: a copy of it, or its erasure."""
