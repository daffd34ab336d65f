"""Unmodified clients of KServe and Triton, in processes of their own: the two register the same protobuf names.

Each script reads a list of calls from its input, ``{"form", "address", "file", "outputs"}``, and prints a list: values
by output name for each call, bytes as base64, or the error as text.
"""
