"""What would be done, and which members come and go."""
