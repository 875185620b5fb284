"""FAT images, without root and without mounting."""
