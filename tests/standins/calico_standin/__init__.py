"""Stand-ins for the Calico 2.6 tools: they compute their answers from etcd, /proc, docker and BIRD."""
