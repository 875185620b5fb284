"""Media in qemu: booted every way, and the boot menu as a picture."""
