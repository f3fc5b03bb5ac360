"""Dead letters as operators meet them: which, why, and what two of them do about it."""
