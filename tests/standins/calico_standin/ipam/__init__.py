"""Stand-in of the `calico-ipam` plugin 1.11.2 and of the address allocator that calico/node shares with it."""
