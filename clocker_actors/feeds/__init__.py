"""What turns the outside into sensors: feeds poll what a service says of itself, and give their entity readings of it.

They judge nothing and order nothing. A poll is work with bounds on time and size; what is read out of an answer is worked out in pure parts beside the actors. A
new one is one file and one row in `catalogue.py`. The room knows ports, never a driver.
"""
