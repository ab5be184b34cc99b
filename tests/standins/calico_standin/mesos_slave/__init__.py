"""Stand-in of a DC/OS agent's `dcos-mesos-slave`, as far as CNI networks go: Mesos 1.5's network/cni isolator.

Without arguments it is the agent; with arguments it is the client that launches and kills containers on it.
"""
