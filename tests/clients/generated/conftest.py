"""What is here runs in an environment of its own, and is no test."""

collect_ignore = ["use.py"]
