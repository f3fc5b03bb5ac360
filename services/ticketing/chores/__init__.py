"""What is done again and again: files scanned, e-mails sent, deadlines watched, old rows deleted.

Each step is a small transaction of its own; what fails is tried again later and hurts no other.
"""
