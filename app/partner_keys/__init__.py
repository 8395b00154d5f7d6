"""Partners' own keys: programs of a partner read what the cabinet shows, and make links."""
