"""Felix: programs routes, sysctls, iptables and ipsets for the workloads of one host."""
