"""The command line: a module for each command, of which add_<command> says what it takes and run_<command> does it.

May import from: everything but `ui`.
"""
