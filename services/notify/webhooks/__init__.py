"""Webhook endpoints of agencies, and what is delivered to them."""
