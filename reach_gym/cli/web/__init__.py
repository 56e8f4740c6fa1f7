"""A session in a browser: a server of the standard library, one page, and the desk of the person who looks at it.

The task runs here, in Python, in real time, exactly as for a window (`reach_gym.cli.mouse`): the page tells where the pointer is
and draws what it is told. There is no rule of the task in the page.
"""
