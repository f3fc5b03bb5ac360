"""What all pages of colleagues stand on: session, forms, previews, names, refusals."""
