"""Where the server's jobs are worked on: in its own threads, or on the machines of a Ray cluster. The queue knows both
by one small interface, `engine.Engine`. Only `cluster` imports Ray.
"""
