"""Stand-in of a DC/OS agent's `dcos-mesos-slave`: Mesos 1.5's network/cni isolator, and tasks that are real processes.

Without arguments it is the agent; with arguments it is the client that launches and kills containers on it. With
LAB_MESOS_MASTER in its environment it registers there and serves tasks by HTTP; README.md beside this file has that side.
"""
