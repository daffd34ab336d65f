"""How a server and its workers talk: frames of bytes; jobs go one way, replies come the other way.

Promise: nothing that a worker sends is executed. Replies are decoded by a schema and bounded before memory is taken.
"""
