"""Speaking with providers: what each is, as rows of data; how each family is spoken to; one sender for all of them."""
