"""Several people: who may come in, how they prove who they are, and what the owner sees of them."""
