"""Takes a blog's history in and gives it back: readers of foreign formats, the import, the exports."""
