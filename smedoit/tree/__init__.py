"""The tree that the medium will hold: its layers, boot menus and .treeinfo."""
