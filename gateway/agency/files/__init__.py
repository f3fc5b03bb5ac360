"""Uploads and downloads as files: batches of questions, bulk jobs, statements."""
