"""How good the recipe, the shipped model and the default policy are on comments that training never saw."""
