"""Stand-in of calicoctl 1.6.3."""
