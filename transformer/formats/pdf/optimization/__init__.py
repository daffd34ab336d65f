"""A smaller file: streams packed again without loss, images encoded again where a loss is allowed."""
