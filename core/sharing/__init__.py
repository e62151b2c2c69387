"""Sharing: links that show a frozen conversation or let strangers ask, and what a visitor may do there.

Whatever a visitor may do is read off the link's row at every request. He sends one string; no id of
his is ever looked up, because his cookie alone says which link, which conversation and which turn are
meant. His conversation and its turns belong to the owner's user id, with the link's and the visitor's
in the request and in the ledger: so the owner's caps hold too, the owner finds them in his traces, and
documents are searched where they lie.
"""
