"""Stand-in of the `calico` CNI plugin 1.11.2."""
