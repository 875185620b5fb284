"""What each step of the build does, told in terms of the rooms.

A step gets whatever it needs by argument and returns a sentence for the person who waits,
or values for doit with that sentence under "did".
"""
