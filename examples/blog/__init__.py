"""A small blog with one article, whose comments Sluice decides: an example of a whole integration."""
