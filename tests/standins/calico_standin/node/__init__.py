"""Stand-in of what runs inside the image calico/node:v2.6.6: startup, confd and Felix around a real BIRD."""
