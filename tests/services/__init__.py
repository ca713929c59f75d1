"""The real parts that tests (and measurements) run against: database, broker, mail, browser.

Each is a small class that starts a process of its own in a folder of its own and ends it,
so that tests of faults can stop, kill and restart them as well.
"""
