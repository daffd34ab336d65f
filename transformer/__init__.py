"""The KServe transformer: decodes documents, prepares their pages, assembles the answers."""
