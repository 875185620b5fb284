"""The installer's translations, and the patches of the server-manager's."""
