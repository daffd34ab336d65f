"""What a worker may do once it works on documents of strangers.

Promise: code that a document smuggles into a worker reaches neither the server, nor another document, nor a file beside
libraries, fonts and models, nor the network, and starts no program. Each part below holds without the others:

- ``landlock`` takes away the file system, except for what the profile names;
- ``seccomp`` takes away system calls, by a filter that ``rules`` and ``syscalls`` describe;
- ``process`` takes away privileges, inherited descriptors, resources, and other processes' view of the memory.

``confinement`` applies them, and says which of them the kernel does not offer.
"""
