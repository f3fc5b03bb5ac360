"""What a team would otherwise build, doing the same work as `inquiry.ask`, for comparison.

The peers are written as their own documentation teaches, with its settings for production. They
share with Mirab what is work and no architecture: the checks of the door, the SQL, the composed
answer, the kept answer and the chained log row. They have no inbox and no batching: that is what
is compared.
"""
