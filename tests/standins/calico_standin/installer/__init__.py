"""Stand-in of what calico-dcos 0.4.0 (Universe package calico) runs on each agent: `calico-installer STEP`."""
