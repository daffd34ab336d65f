"""Changes to an existing PDF that leave everything else as it is: text layers, earlier layers, signatures."""
