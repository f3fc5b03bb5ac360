"""The desk of colleagues: a listener of its own; its pages stand in gateway/ops."""
