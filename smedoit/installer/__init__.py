"""The installer's part: overlay images, anaconda's source, mock and lorax."""
