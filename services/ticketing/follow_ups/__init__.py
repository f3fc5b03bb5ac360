"""The question weeks after the end of a ticket: is it mended, and does it stay so? Asked once.

``asking`` decides of which tickets, and sends it; ``answering`` takes the answer.
"""
