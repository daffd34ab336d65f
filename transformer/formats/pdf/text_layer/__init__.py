"""The invisible text of one page: where its words go, the font that carries them, and their order."""
