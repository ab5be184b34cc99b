"""Stand-in of libnetwork-plugin 1.1.2: the drivers `calico` and `calico-ipam` by which Docker's containers join Calico's network.

Docker asks by HTTP on two sockets (moby's libnetwork/docs/remote.md and ipam.md); the answers, the refusals and their words are those of the plugin's
source, the keys in etcd those that its tests expect. Pools of IPv6 and endpoints with Docker's labels are not played.
"""
